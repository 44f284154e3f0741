//! `.env`, the compose file, the Dockerfile, the configurations, the secrets and the code agree.

use std::cell::RefCell;
use std::collections::BTreeSet;

use order_service::config::Config as OrderService;
use pager::config::Config as Pager;
use serde_json::{Value, json};
use stack::alertmanager;
use stack::repository::{dot_env, read};
use stack::rules::yaml;

/// Reads a program's settings; what comes back has all of them.
type Configure = fn(&dyn Fn(&str) -> Option<String>) -> String;

/// The programs that have settings, by their services.
const PROGRAMS: [(&str, Configure); 2] = [
    ("order-service", |of| {
        format!("{:?}", OrderService::from_lookup(of))
    }),
    ("pager", |of| format!("{:?}", Pager::from_lookup(of))),
];

/// The settings of order-service, with one that is given.
fn order_service_with(name: &str, value: &str) -> Option<OrderService> {
    OrderService::from_lookup(|asked| (asked == name).then(|| value.to_owned())).ok()
}

fn services() -> Value {
    yaml::<Value>("docker-compose.yml")["services"].take()
}

fn each(services: &Value) -> impl Iterator<Item = (&String, &Value)> {
    services.as_object().expect("a map").iter()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn seconds(duration: &Value) -> u64 {
    let text = duration.as_str().unwrap_or_default();
    let number = text.strip_suffix('s').and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{duration} is not in seconds"))
}

#[test]
fn the_compose_file_uses_every_setting_of_dot_env_and_no_other() {
    let compose = read("docker-compose.yml");
    let used = compose.split("${").skip(1);
    let used = used.filter_map(|rest| rest.split(['}', ':']).next());
    let mut used: BTreeSet<_> = used.collect();
    // scripts/up sets it to the revision; BIND_ADDRESS and the like stand in `.env`.
    assert!(used.remove("REVISION"));
    let defined = dot_env();
    assert_eq!(used, defined.keys().map(String::as_str).collect());
}

#[test]
fn a_container_is_given_every_setting_of_its_program_and_dot_env_has_the_defaults() {
    let dot_env = dot_env();
    for (service, configure) in PROGRAMS {
        let asked = RefCell::new(BTreeSet::new());
        let defaults = configure(&|name| {
            // OpenTelemetry's own variables: the image sets one, and a deployment may set both.
            if !name.starts_with("OTEL_") {
                asked.borrow_mut().insert(name.to_owned());
            }
            None
        });
        assert_eq!(configure(&|name| dot_env.get(name).cloned()), defaults);
        let given = services()[service]["environment"].take();
        let given: BTreeSet<_> = each(&given).map(|(name, _)| name.clone()).collect();
        assert_eq!(given, asked.into_inner(), "{service}");
    }
}

#[test]
fn the_runbooks_are_mounted_where_pager_looks_for_them() {
    let pager = services()["pager"].take();
    let folder = pager["environment"]["PAGER_RUNBOOKS"].as_str();
    let mount = format!("./observability/runbooks:{}:ro", folder.expect("a path"));
    assert_eq!(pager["volumes"], json!([mount]));
}

#[test]
fn prometheus_scrapes_the_ports_that_the_services_publish() {
    let services = services();
    let configuration: Value = yaml("observability/prometheus/prometheus.yml");
    for job in list(&configuration["scrape_configs"]) {
        let look_up = &job["dns_sd_configs"][0];
        let (Some(name), Some(port)) = (look_up["names"][0].as_str(), look_up["port"].as_u64())
        else {
            continue;
        };
        // What runs for an experiment publishes none.
        let published = services[name]["ports"][0].as_str();
        let ends = |published: &str| published.ends_with(&format!(":{port}"));
        assert!(published.is_none_or(ends), "{name}: {port}, {published:?}");
    }
}

#[test]
fn three_heartbeats_may_be_lost_before_the_alarm() {
    let config = alertmanager::configuration();
    let mut routes = list(&config["route"]["routes"]);
    let route = routes.find(|route| route["receiver"] == "dead-mans-switch");
    let route = route.expect("a route for the heartbeat");
    let interval = seconds(&route["group_interval"]);
    // Equal, every second beat would be held back as too early.
    assert!(seconds(&route["repeat_interval"]) < interval);
    let alarm: u64 = dot_env()["PAGER_DEADMAN_SECONDS"].parse().expect("seconds");
    assert!(alarm > 3 * interval, "{alarm} s, a beat every {interval} s");
}

#[test]
fn the_first_page_of_order_service_links_the_ports_of_dot_env() {
    let services = services();
    let links = services["order-service"]["environment"]["ORDER_LINKS"].as_str();
    let mut links = links.expect("text").to_owned();
    for (name, value) in dot_env() {
        links = links.replace(&format!("${{{name}}}"), &value);
    }
    let given = order_service_with("ORDER_LINKS", &links).expect("valid");
    let default = order_service_with("", "").expect("valid");
    assert_eq!(given.links, default.links);
}

#[test]
fn the_container_outlives_the_longest_drain() {
    let grace = seconds(&services()["order-service"]["stop_grace_period"]);
    let drain = order_service_with("ORDER_DRAIN_SECONDS", &grace.to_string());
    assert!(drain.is_none(), "a drain of {grace} s would be cut short");
}

#[test]
fn one_version_of_rust_builds_everything() {
    let manifest = read("app/Cargo.toml");
    let mut lines = manifest.lines();
    let version = lines.find_map(|line| line.strip_prefix("rust-version = "));
    let version = version.expect("it is in Cargo.toml").trim_matches('"');
    let image = &dot_env()["RUST_IMAGE"];
    assert!(image.starts_with(&format!("rust:{version}-")), "{image}");
    assert!(read("Dockerfile").contains(&format!("\nARG RUST_IMAGE={image}\n")));
}

#[test]
fn every_container_is_hardened_and_watched() {
    for (name, service) in each(&services()) {
        let hardened = json!({"read_only": true, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]});
        for (field, wanted) in each(&hardened) {
            assert_eq!(service[field], *wanted, "{name}: {field}");
        }
        let user = service["user"].as_str().unwrap_or_default();
        let id = user.split(':').next().unwrap_or_default().parse::<u32>();
        assert!(id.is_ok_and(|id| id > 0), "{name} runs as {user:?}");
        assert_eq!(service["logging"]["options"]["max-size"], "10m", "{name}");
        let bounded = service["pids_limit"].is_u64() && service["mem_limit"].is_string();
        assert!(bounded, "{name}");
        let scalable = service["container_name"].is_null();
        assert!(scalable, "{name} could not be scaled");
        let one_off = service["profiles"].is_array();
        let checked = one_off || service["healthcheck"]["test"].is_array();
        assert!(checked, "{name} has no health check");
        for port in list(&service["ports"]) {
            let port = port.as_str().unwrap_or_default();
            assert!(port.starts_with("${BIND_ADDRESS}:"), "{name}: {port}");
        }
        for volume in list(&service["volumes"]) {
            let short = || volume.as_str()?.split(':').next();
            let source = volume["source"].as_str().or_else(short).expect("a source");
            let last = source.rsplit('/').next().unwrap_or_default();
            let file = source.starts_with('.') && last.contains('.');
            // An editor that replaces the file would break the mount.
            assert!(!file, "{name}: {volume} mounts a file");
        }
    }
}

/// Only order-service has settings that people get wrong while they learn: it gives up. What runs once has no reason to come back.
#[test]
fn what_watches_comes_back_whatever_ended_it() {
    let services = services();
    for (name, service) in each(&services) {
        let wanted = match name.as_str() {
            "order-service" => "on-failure:3",
            _ if service["profiles"].is_array() => "no",
            _ => "unless-stopped",
        };
        assert_eq!(service["restart"], wanted, "{name}");
    }
    let after = services["prometheus"]["depends_on"].to_string();
    assert!(!after.contains("order-service"), "{after}");
}

/// Docker hands its client's proxy to every container. Our own programs use none, and the load generator serves nothing.
#[test]
fn nothing_in_the_stack_is_asked_through_a_proxy() {
    let services = services();
    let foreign = each(&services).filter(|(_, service)| !service["build"].is_object());
    for (name, service) in foreign {
        for variable in ["NO_PROXY", "no_proxy"] {
            let direct = service["environment"][variable].as_str();
            let direct: Vec<_> = direct.unwrap_or_default().split(',').collect();
            let hosts = each(&services).map(|(other, _)| other.as_str());
            for host in hosts.filter(|host| *host != "loadgen").chain(["localhost"]) {
                assert!(direct.contains(&host), "{name}: {variable} lacks {host}");
            }
        }
    }
}

/// What is committed leads to pager; where git ignores them, files of one's own take its place.
#[test]
fn alertmanager_reads_the_secrets_that_dot_env_names_and_they_lead_to_pager() {
    let services = services();
    let mut volumes = list(&services["alertmanager"]["volumes"]);
    let mounted = volumes.find(|volume| volume["target"] == "/etc/alertmanager/secrets");
    let mounted = mounted.expect("a folder of secrets");
    assert_eq!(mounted["source"], "${ALERTMANAGER_SECRETS}");
    // Otherwise Docker would make an empty folder where one is named that does not exist.
    assert_eq!(mounted["bind"]["create_host_path"], false);
    let dot_env = dot_env();
    let folder = &dot_env["ALERTMANAGER_SECRETS"];
    let config = alertmanager::configuration();
    let only = |receiver: &str, kind: &str| {
        let mut receivers = list(&config["receivers"]);
        let found = receivers.find(|found| found["name"] == receiver);
        let found = &found.expect(receiver)[kind];
        assert_eq!(list(found).count(), 1, "{receiver}");
        found[0].clone()
    };
    let pagerduty = only("pagerduty", "pagerduty_configs");
    assert_eq!(pagerduty["url"], "http://pager:8025/pagerduty/v2/enqueue");
    let slack = &only("slack", "slack_configs")["api_url_file"];
    let switch = &only("dead-mans-switch", "webhook_configs")["url_file"];
    let key = &pagerduty["routing_key_file"];
    let (slack_url, switch_url) = ("http://pager:8025/slack", "http://pager:8025/webhook");
    let demo_key = dot_env["PAGER_PAGERDUTY_ROUTING_KEY"].as_str();
    let mut named = BTreeSet::new();
    for (file, secret) in [(slack, slack_url), (switch, switch_url), (key, demo_key)] {
        let file = file
            .as_str()
            .and_then(|file| file.strip_prefix("/etc/alertmanager/secrets/"));
        let file = file.expect("a mounted file");
        assert_eq!(read(format!("{folder}/{file}")).trim(), secret, "{file}");
        named.insert(file.to_owned());
    }
    let default = Pager::from_lookup(|_| None).expect("valid");
    assert!(default.routing_key.admits(demo_key));
    let files = std::fs::read_dir(stack::repository::root().join(folder)).expect("a folder");
    let files = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    assert_eq!(files.collect::<BTreeSet<_>>(), named, "no stray files");
}

#[test]
fn grafana_knows_the_scrape_interval() {
    let prometheus: Value = yaml("observability/prometheus/prometheus.yml");
    let file: Value = yaml("observability/grafana/provisioning/datasources/datasources.yml");
    let mut sources = list(&file["datasources"]);
    let source = sources.find(|source| source["uid"] == "prometheus");
    let source = source.expect("a datasource with the uid prometheus");
    let interval = &source["jsonData"]["timeInterval"];
    assert_eq!(*interval, prometheus["global"]["scrape_interval"]);
}
