use super::{Moment, Span};

#[test]
fn reads_times_as_prometheus_writes_them_and_nothing_else() {
    for (text, millis) in [
        ("10s", 10_000),
        ("1m30s", 90_000),
        ("1h", 3_600_000),
        ("250ms", 250),
    ] {
        let read = Span::parse(text).map(|span| span.0.as_millis());
        assert_eq!(read, Some(millis), "{text}");
    }
    for text in ["", "10", "s", "ten", "1x", "-5s", "99999999999999999999s"] {
        assert_eq!(Span::parse(text), None, "{text}");
    }
}

#[test]
fn reads_the_timestamps_of_the_servers() {
    let moment = Moment::try_from(String::from("1970-01-01T00:01:00.500Z")).expect("a timestamp");
    assert!((moment.0 - 60.5).abs() < 1e-6);
}
