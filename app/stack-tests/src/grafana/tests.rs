use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

/// The answers of a healthy Grafana.
fn sound(path: &str, request: &Value) -> Value {
    let uids = ["order-service", "order-slo", "monitoring-path", "practice"];
    match path.split('?').next() {
        Some("/api/health") => json!({ "database": "ok", "version": "13.1.2" }),
        Some("/api/datasources/uid/prometheus/health") => json!({ "status": "OK" }),
        Some("/api/datasources/proxy/uid/alertmanager/api/v2/status") => {
            json!({ "versionInfo": { "version": "0.33.1" } })
        }
        Some("/api/search") => uids.iter().map(|uid| json!({ "uid": uid })).collect(),
        Some("/api/ds/query") => {
            let results = list(&request["queries"]).map(|query| {
                let frame = json!({ "data": { "values": [[1_000], [0.5]] } });
                let letter = query["refId"].as_str().expect("a letter").to_owned();
                (letter, json!({ "frames": [frame] }))
            });
            json!({ "results": results.collect::<serde_json::Map<_, _>>() })
        }
        _ => panic!("{path} is not asked"),
    }
}

/// Serves what `answer` returns for a path and a body, on its own port, as long as the test runs.
fn grafana(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port 0 is always free");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            // A client may close the connection early.
            let _ = serve(&connection.expect("a connection"), &answer);
        }
    });
    Client::new(port)
}

fn serve(connection: &TcpStream, answer: impl Fn(&str, &Value) -> Value) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a number");
        }
        if header.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let answer = answer(&path, &body).to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        answer.len()
    );
    let mut writer = connection;
    writer.write_all(format!("{head}{answer}").as_bytes())
}

#[test]
fn a_sound_grafana_passes() {
    let grafana = grafana(sound);
    is_healthy(&grafana).expect("it is");
    reaches_its_datasources(&grafana).expect("it does");
    lists_every_dashboard(&grafana).expect("it does");
    let answered = answers_every_panel(&grafana).expect("it does");
    let queries = |dashboard: &Dashboard| {
        let panels = dashboard.panels().into_iter();
        panels.map(|p| list(&p["targets"]).count()).sum::<usize>()
    };
    let expected: usize = dashboards::all().iter().map(queries).sum();
    assert_eq!(answered, format!("{expected} queries"));
}

#[test]
fn a_query_is_sent_with_the_dashboards_variables_replaced_and_grafanas_own_left() {
    let grafana = grafana(|path, request| {
        for query in list(&request["queries"]) {
            let expr = query["expr"].as_str().expect("an expression");
            assert!(!expr.contains("$instance"), "{expr}");
            assert_eq!(query["datasource"]["uid"], "prometheus");
            if expr.contains("rate(") && !expr.contains('$') {
                assert!(expr.contains("[5m]"), "{expr}");
            }
        }
        sound(path, request)
    });
    answers_every_panel(&grafana).expect("data for all");
}

#[test]
fn each_fault_is_found_and_named() {
    type Check = fn(&Client) -> Result<String>;
    let faults: [(&str, Value, Check, &str); 6] = [
        (
            "/api/health",
            json!({ "database": "failing" }),
            is_healthy,
            "failing",
        ),
        (
            "/api/datasources/uid/prometheus/health",
            json!({ "status": "ERROR", "message": "no such host" }),
            reaches_its_datasources,
            "no such host",
        ),
        (
            "/api/datasources/proxy/uid/alertmanager/api/v2/status",
            json!({ "message": "bad gateway" }),
            reaches_its_datasources,
            "bad gateway",
        ),
        (
            "/api/search",
            json!([{ "uid": "order-service" }, { "uid": "order-slo" }, { "uid": "practice" }]),
            lists_every_dashboard,
            "monitoring-path",
        ),
        (
            "/api/ds/query",
            json!({ "results": { "A": { "error": "parse error", "frames": [] } } }),
            answers_every_panel,
            "parse error",
        ),
        (
            "/api/ds/query",
            json!({ "results": { "A": { "frames": [{ "data": { "values": [[], []] } }] } } }),
            answers_every_panel,
            "no data",
        ),
    ];
    for (path, answer, check, named) in faults {
        let grafana = grafana(move |asked, request| {
            if asked.split('?').next() == Some(path) {
                answer.clone()
            } else {
                sound(asked, request)
            }
        });
        let failure = check(&grafana).expect_err(path);
        assert!(failure.to_string().contains(named), "{path}: {failure}");
    }
}

#[test]
fn only_a_query_for_alerts_may_have_no_data() {
    let without_alerts = grafana(|path, request| {
        let mut answer = sound(path, request);
        for query in list(&request["queries"]) {
            let expr = query["expr"].as_str().unwrap_or_default();
            if expr.contains("ALERTS{") && !expr.contains("vector(0)") {
                let letter = query["refId"].as_str().unwrap_or_default();
                answer["results"][letter] = json!({ "frames": [] });
            }
        }
        answer
    });
    answers_every_panel(&without_alerts).expect("nothing fires");
}
