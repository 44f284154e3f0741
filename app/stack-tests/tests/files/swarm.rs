//! The stack on a swarm is the one on one machine; every difference is named here.

use serde_json::{Value, json};
use stack::rules::yaml;

#[test]
fn prometheus_is_configured_as_on_one_machine_but_for_this() {
    let mut config: Value = yaml("observability/prometheus/prometheus.yml");
    // Two of them: told apart, but not by what they send and write.
    config["global"]["external_labels"]["cluster"] = "orderwatch".into();
    config["global"]["external_labels"]["replica"] = "${PROMETHEUS_REPLICA}".into();
    let drop = json!([{"regex": "cluster|replica|(pager|grafana)_url", "action": "labeldrop"}]);
    config["alerting"]["alert_relabel_configs"] = drop.clone();
    let store = json!({"url": "http://store:8428/api/v1/write", "write_relabel_configs": drop});
    config["remote_write"] = json!([store]);

    let look_up = |names: &[&str], port: u16| json!([{"names": names, "type": "A", "port": port, "refresh_interval": "5s"}]);
    let by_name = json!([{"source_labels": ["__meta_dns_name"], "target_label": "instance"}]);
    let jobs = config["scrape_configs"].as_array_mut().expect("a list");
    // The experiment of the lab is one on a single machine, and so is a service outside of the stack.
    jobs.retain(|job| job["job_name"] != "lab");
    for job in &mut *jobs {
        let settings = job.as_object_mut().expect("a map");
        for name in [
            "scrape_interval",
            "scrape_timeout",
            "file_sd_configs",
            "static_configs",
        ] {
            settings.remove(name);
        }
        let pair: &[&str] = match job["job_name"].as_str() {
            Some("prometheus") => &["prometheus-a", "prometheus-b"],
            Some("alertmanager") => &["alertmanager-a", "alertmanager-b", "alertmanager-c"],
            _ => {
                job["dns_sd_configs"][0]["refresh_interval"] = "5s".into();
                continue;
            }
        };
        let port = if pair.len() == 2 { 9090 } else { 9093 };
        job["dns_sd_configs"] = look_up(pair, port);
        job["relabel_configs"] = by_name.clone();
    }
    jobs.push(json!({"job_name": "store", "dns_sd_configs": look_up(&["store"], 8428)}));
    assert_eq!(config, yaml::<Value>("observability/swarm/prometheus.yml"));
}

#[test]
fn its_services_are_those_of_the_compose_file_but_for_this() {
    let compose: Value = yaml("docker-compose.yml");
    let stack: Value = yaml("observability/swarm/stack.yml");
    for (name, service) in stack["services"].as_object().expect("a map") {
        // One of several: `prometheus-a` is a `prometheus`. The store is like pager, where it is like any.
        let single = name.trim_end_matches(|c: char| c == '-' || ('a'..='c').contains(&c));
        let services = &compose["services"];
        let other = services.get(name).or_else(|| services.get(single));
        let other = other.unwrap_or(&services["pager"]);
        let same = [
            "read_only",
            "cap_drop",
            "logging",
            "user",
            "stop_grace_period",
        ];
        let same = &same[..if name == "store" { 3 } else { 5 }];
        for setting in same {
            assert_eq!(service[setting], other[setting], "{name}: {setting}");
        }
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(
            limits["memory"].is_string() && limits["pids"] == other["pids_limit"],
            "{name}"
        );
        assert_eq!(service["deploy"]["endpoint_mode"], "dnsrr", "{name}");
        if name == "store" {
            continue;
        }
        assert_eq!(limits["memory"], other["mem_limit"], "{name}");
        assert_eq!(
            service["healthcheck"]["test"], other["healthcheck"]["test"],
            "{name}"
        );
        let flags = |service: &Value| {
            let mut flags = service["command"].as_array().cloned().unwrap_or_default();
            flags.retain(|flag| {
                !flag
                    .as_str()
                    .is_some_and(|flag| flag.starts_with("--cluster."))
            });
            flags
        };
        assert_eq!(flags(service), flags(other), "{name}");
        // The proxy of whoever deploys it is not handed to services.
        let environment = |service: &Value| {
            let mut all = service["environment"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            all.retain(|name, _| {
                !["no_proxy", "NO_PROXY", "PROMETHEUS_REPLICA"].contains(&name.as_str())
            });
            all
        };
        assert_eq!(environment(service), environment(other), "{name}");
    }
}
