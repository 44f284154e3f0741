//! Durations as Prometheus and Alertmanager write them: `90s`, `1h30m`, `100ms`.

/// Seconds of such a duration; `None` if it is none.
pub fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..unit_at].parse().ok()?;
        rest = &rest[unit_at..];
        let unit_end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        sum += number * unit(&rest[..unit_end])?;
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(sum)
}

/// Seconds of a range selector's window, the longest in a query: 300 in `rate(x[5m])`.
pub fn longest_range(query: &str) -> Option<f64> {
    let ranges = query.split('[').skip(1).filter_map(|rest| {
        let end = rest.find([']', ':'])?;
        seconds(rest[..end].trim())
    });
    ranges.reduce(f64::max)
}

/// A whole number of milliseconds, as both accept it.
pub fn text(seconds: f64) -> String {
    format!("{:.0}ms", (seconds * 1000.0).ceil())
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        "y" => 31_536_000.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{longest_range, seconds, text};

    #[test]
    fn reads_what_prometheus_and_alertmanager_write() {
        for (text, wanted) in [
            ("5s", Some(5.0)),
            ("1h30m", Some(5400.0)),
            ("100ms", Some(0.1)),
            ("2d", Some(172_800.0)),
            ("1.5s", Some(1.5)),
            ("", None),
            ("5", None),
            ("soon", None),
            ("5 s", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }

    #[test]
    fn finds_the_longest_window_of_a_query() {
        let query = "sum(rate(a[1m])) / sum(rate(b[5m])) > 0.2 and max_over_time(c[2m:10s]) > 1";
        assert_eq!(longest_range(query), Some(300.0));
        assert_eq!(longest_range("up == 0"), None);
    }

    #[test]
    fn writes_what_it_reads() {
        assert_eq!(seconds(&text(90.25)), Some(90.25));
    }
}
