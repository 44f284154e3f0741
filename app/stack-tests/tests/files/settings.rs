//! `.env`, the compose file, the Dockerfile, the configurations, the secrets and the code agree.

use std::cell::RefCell;
use std::collections::BTreeSet;

use dashboards::config::Config as Dashboards;
use order_service::config::Config as OrderService;
use pager::config::Config as Pager;
use serde_json::{Value, json};
use stack::alertmanager;
use stack::repository::{dot_env, read};
use stack::rules::{self, yaml};

/// Reads a program's settings; what comes back has all of them.
type Configure = fn(&dyn Fn(&str) -> Option<String>) -> String;

/// The programs that have settings, by their services.
const PROGRAMS: [(&str, Configure); 3] = [
    ("order-service", |of| {
        format!("{:?}", OrderService::from_lookup(of))
    }),
    ("dashboards", |of| {
        format!("{:?}", Dashboards::from_lookup(of))
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
    let files = [
        read("docker-compose.yml"),
        read("observability/swarm/stack.yml"),
    ];
    let used = files.iter().flat_map(|file| file.split("${").skip(1));
    let used = used.filter_map(|rest| rest.split(['}', ':']).next());
    // scripts/swarm sets these.
    let made = [
        "_SERVICE_IMAGE",
        "PAGER_IMAGE",
        "_B_PORT",
        "_C_PORT",
        "GRAFANA_REPLICAS",
    ];
    let used = used.filter(|name| !made.iter().any(|end| name.ends_with(end)));
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
fn the_viewer_reads_the_files_that_grafana_reads() {
    let services = services();
    let viewer = &services["dashboards"];
    for mount in list(&viewer["volumes"]) {
        assert!(list(&services["grafana"]["volumes"]).any(|own| own == mount));
    }
    let given = |name: &str| viewer["environment"][name].as_str().expect("a text");
    let folders = given("DASHBOARDS_FOLDERS").split(':');
    for path in folders.chain([given("DASHBOARDS_DATASOURCES")]) {
        let holds = |mount: &Value| {
            let target = mount.as_str().and_then(|mount| mount.split(':').nth(1));
            target.is_some_and(|target| path.starts_with(target))
        };
        assert!(list(&viewer["volumes"]).any(holds), "{path}");
    }
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
    assert_eq!(format!("{given:?}"), format!("{default:?}"));
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
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(&format!("\nARG RUST_IMAGE={image}\n")));
    let image = &dot_env()["NODE_IMAGE"];
    assert!(dockerfile.contains(&format!("\nARG NODE_IMAGE={image}\n")));
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
            // Grafana's stand-in has a profile only where Grafana runs.
            "dashboards" => "unless-stopped",
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

/// No series tells these limits: a rule states them, for panels and alerts.
#[test]
fn the_limits_that_the_rules_state_are_those_of_order_service() {
    let stated = |name: &str| {
        let rules = rules::all();
        let mut rules = rules.into_iter().filter(|rule| rule.name() == name);
        let rule = rules.find(|rule| rule.label("job") == "order-service");
        rule.expect("it is stated").expr.value
    };
    let services = services();
    let limit = services["order-service"]["mem_limit"].as_str();
    let mebibytes = limit.and_then(|text| text.strip_suffix('m')?.parse::<u64>().ok());
    let bytes = mebibytes.expect("a number of mebibytes") << 20;
    assert_eq!(stated("job:memory_limit:bytes"), format!("vector({bytes})"));

    let prometheus: Value = yaml("observability/prometheus/prometheus.yml");
    let jobs = prometheus["scrape_configs"].as_array();
    let mut jobs = jobs.into_iter().flatten();
    let job = jobs.find(|job| job["job_name"] == "order-service");
    let samples = &job.expect("it is scraped")["sample_limit"];
    assert_eq!(
        stated("job:scrape_sample_limit:count"),
        format!("vector({samples})")
    );
}
