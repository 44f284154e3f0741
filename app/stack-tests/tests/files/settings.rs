//! `.env`, the compose file, the Dockerfile and the code agree.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;
use stack::repository::{dot_env, read};
use stack::rules::{self, yaml};

use crate::secrets::alertmanager;

/// Reads a program's settings; what comes back has all of them.
type Configure = fn(&dyn Fn(&str) -> Option<String>) -> String;

/// The programs that have settings, by their services.
const PROGRAMS: [(&str, Configure); 2] = [
    ("order-service", |lookup| {
        format!(
            "{:?}",
            order_service::config::Config::from_lookup(lookup).expect("valid")
        )
    }),
    ("pager", |lookup| {
        format!(
            "{:?}",
            pager::config::Config::from_lookup(lookup).expect("valid")
        )
    }),
];

fn compose() -> Value {
    yaml("docker-compose.yml")
}

fn seconds(duration: &Value) -> u64 {
    let text = duration.as_str().unwrap_or_default();
    let number = text.strip_suffix('s').and_then(|text| text.parse().ok());
    number.unwrap_or_else(|| panic!("{duration} is not in seconds"))
}

/// Every variable that a file refers to as `${NAME}` or `${NAME:-default}`.
fn references(text: &str) -> BTreeSet<String> {
    text.split("${")
        .skip(1)
        .filter_map(|rest| rest.split(['}', ':']).next())
        .map(ToOwned::to_owned)
        .collect()
}

/// The environment variables that a program reads.
fn settings(configure: Configure) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    configure(&|name| {
        names.borrow_mut().insert(name.to_owned());
        None
    });
    let mut names = names.into_inner();
    // OpenTelemetry's own variables: the image sets one, and a deployment may set both.
    names.retain(|name| !name.starts_with("OTEL_"));
    names
}

#[test]
fn the_compose_file_uses_every_setting_of_dot_env_and_no_other() {
    let mut used = references(&read("docker-compose.yml"));
    let on_a_swarm = references(&read("observability/swarm/stack.yml"));
    // scripts/swarm sets the others.
    let made = |name: &String| {
        [
            "_SERVICE_IMAGE",
            "PAGER_IMAGE",
            "_B_PORT",
            "_C_PORT",
            "GRAFANA_REPLICAS",
        ]
        .iter()
        .any(|end| name.ends_with(end))
    };
    used.extend(on_a_swarm.into_iter().filter(|name| !made(name)));
    // scripts/up sets it to the revision; BIND_ADDRESS and the like stand in `.env`.
    assert!(used.remove("REVISION"));
    let defined: BTreeSet<_> = dot_env().into_keys().collect();
    assert_eq!(used, defined);
}

#[test]
fn the_defaults_in_the_code_are_those_of_dot_env() {
    let dot_env = dot_env();
    for (_, configure) in PROGRAMS {
        let from_env = configure(&|name| dot_env.get(name).cloned());
        assert_eq!(from_env, configure(&|_| None));
    }
}

#[test]
fn a_container_is_given_every_setting_that_its_program_reads() {
    for (service, configure) in PROGRAMS {
        let given = compose()["services"][service]["environment"].take();
        let given = given.as_object().expect("a map").keys().cloned();
        assert_eq!(given.collect::<BTreeSet<_>>(), settings(configure));
    }
}

#[test]
fn the_runbooks_are_mounted_where_pager_looks_for_them() {
    let pager = &compose()["services"]["pager"];
    let folder = pager["environment"]["PAGER_RUNBOOKS"].as_str();
    let mount = format!("./observability/runbooks:{}:ro", folder.expect("a path"));
    assert_eq!(pager["volumes"], serde_json::json!([mount]));
}

#[test]
fn prometheus_scrapes_the_ports_that_the_services_publish() {
    let compose = compose();
    let configuration: Value = yaml("observability/prometheus/prometheus.yml");
    let jobs = configuration["scrape_configs"].as_array().expect("a list");
    let looked_up = jobs.iter().filter_map(|job| {
        let look_up = &job["dns_sd_configs"][0];
        Some((look_up["names"][0].as_str()?, look_up["port"].as_u64()?))
    });
    for (service, port) in looked_up {
        // What runs for an experiment publishes none.
        let published = compose["services"][service]["ports"][0].as_str();
        let ends = |published: &str| published.ends_with(&format!(":{port}"));
        assert!(
            published.is_none_or(ends),
            "{service}: {port}, {published:?}"
        );
    }
}

#[test]
fn three_heartbeats_may_be_lost_before_the_alarm() {
    let config = alertmanager();
    let mut routes = config["route"]["routes"].as_array().into_iter().flatten();
    let route = routes
        .find(|route| route["receiver"] == "dead-mans-switch")
        .expect("a route for the heartbeat");
    let interval = seconds(&route["group_interval"]);
    // Equal, every second beat would be held back as too early.
    assert!(seconds(&route["repeat_interval"]) < interval);
    let alarm: u64 = dot_env()["PAGER_DEADMAN_SECONDS"].parse().expect("seconds");
    assert!(alarm > 3 * interval, "{alarm} s, a beat every {interval} s");
}

#[test]
fn the_first_page_of_order_service_links_the_ports_of_dot_env() {
    let compose = compose();
    let links = &compose["services"]["order-service"]["environment"]["ORDER_LINKS"];
    let mut links = links.as_str().expect("text").to_owned();
    for (name, value) in dot_env() {
        links = links.replace(&format!("${{{name}}}"), &value);
    }
    let given = order_service::config::Config::from_lookup(|name| {
        (name == "ORDER_LINKS").then(|| links.clone())
    });
    let default = order_service::config::Config::from_lookup(|_| None).expect("valid");
    assert_eq!(given.expect("valid").links, default.links);
}

#[test]
fn the_container_outlives_the_longest_drain() {
    let compose = compose();
    let grace = seconds(&compose["services"]["order-service"]["stop_grace_period"]);
    let too_long = grace.to_string();
    let accepted = order_service::config::Config::from_lookup(|name| {
        (name == "ORDER_DRAIN_SECONDS").then(|| too_long.clone())
    });
    assert!(accepted.is_err(), "a drain of {grace} s would be cut short");
}

/// What the workspace says of all its crates.
fn of_the_workspace(name: &str) -> String {
    let manifest = read("app/Cargo.toml");
    let value = manifest
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{name} = ")));
    value
        .expect("it is in Cargo.toml")
        .trim_matches('"')
        .to_owned()
}

#[test]
fn the_images_are_labelled_with_the_version_and_licence_of_the_workspace() {
    let dockerfile = read("Dockerfile");
    for (label, name) in [("version", "version"), ("licenses", "license")] {
        let label = format!(
            " org.opencontainers.image.{label}={}",
            of_the_workspace(name)
        );
        assert!(dockerfile.contains(&label), "no {label}");
    }
}

#[test]
fn one_version_of_rust_builds_everything() {
    let version = &of_the_workspace("rust-version");
    let image = &dot_env()["RUST_IMAGE"];
    assert!(image.starts_with(&format!("rust:{version}-")), "{image}");
    let dockerfile = read("Dockerfile");
    assert!(dockerfile.contains(&format!("\nARG RUST_IMAGE={image}\n")));
}

#[test]
fn every_container_is_hardened_and_watched() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().expect("a map") {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(
            service["security_opt"][0], "no-new-privileges:true",
            "{name}"
        );
        assert_eq!(service["logging"]["options"]["max-size"], "10m", "{name}");
        assert!(
            service["pids_limit"].is_u64() && service["mem_limit"].is_string(),
            "{name}"
        );
        assert!(
            service["container_name"].is_null(),
            "{name} could not be scaled"
        );
        let user = service["user"].as_str().unwrap_or_default();
        let id = user.split(':').next().unwrap_or_default().parse::<u32>();
        assert!(id.is_ok_and(|id| id > 0), "{name} runs as {user:?}");
        let one_off = service["profiles"].is_array();
        assert!(
            one_off || service["healthcheck"]["test"].is_array(),
            "{name} has no health check"
        );
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(
                port.as_str()
                    .is_some_and(|p| p.starts_with("${BIND_ADDRESS}:")),
                "{name}: {port}"
            );
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let source = volume["source"].as_str().unwrap_or_else(|| {
                let short = volume.as_str().expect("the short form");
                short.split_once(':').expect("source and target").0
            });
            let file = source.starts_with('.')
                && source.rsplit('/').next().is_some_and(|n| n.contains('.'));
            assert!(
                !file,
                "{name}: {volume} mounts a file; an editor that replaces it breaks the mount"
            );
        }
    }
}

/// Only order-service has settings that people get wrong while they learn: it gives up. What runs once has no reason to come back.
#[test]
fn what_watches_comes_back_whatever_ended_it() {
    let compose = compose();
    for (name, service) in compose["services"].as_object().expect("a map") {
        let wanted = match name.as_str() {
            "order-service" => "on-failure:3",
            _ if service["profiles"].is_array() => "no",
            _ => "unless-stopped",
        };
        assert_eq!(service["restart"], wanted, "{name}");
    }
    let after = compose["services"]["prometheus"]["depends_on"].to_string();
    assert!(!after.contains("order-service"), "{after}");
}

/// Docker hands its client's proxy to every container.
#[test]
fn nothing_in_the_stack_is_asked_through_a_proxy() {
    let compose = compose();
    let services = compose["services"].as_object().expect("a map");
    let own_programs = services
        .iter()
        .filter(|(_, service)| service["build"].is_object());
    let own_programs: BTreeSet<_> = own_programs.map(|(name, _)| name.as_str()).collect();
    for (name, service) in services {
        if own_programs.contains(name.as_str()) {
            continue;
        }
        for variable in ["NO_PROXY", "no_proxy"] {
            let value = service["environment"][variable].as_str();
            let direct: BTreeSet<_> = value.unwrap_or_default().split(',').collect();
            // The load generator serves nothing.
            let others = services.keys().filter(|other| *other != "loadgen");
            for host in others.map(String::as_str).chain(["localhost"]) {
                assert!(direct.contains(host), "{name}: {variable} lacks {host}");
            }
        }
    }
}

/// What is committed leads to pager; where git ignores them, files of one's own take its place.
#[test]
fn alertmanager_reads_the_secrets_that_dot_env_names() {
    let compose = compose();
    let volumes = compose["services"]["alertmanager"]["volumes"].as_array();
    let mounted = volumes
        .into_iter()
        .flatten()
        .find(|volume| volume["target"] == "/etc/alertmanager/secrets")
        .expect("a folder of secrets");
    assert_eq!(mounted["source"], "${ALERTMANAGER_SECRETS}");
    // Otherwise Docker would make an empty folder where one is named that does not exist.
    assert_eq!(mounted["bind"]["create_host_path"], false);
    assert_eq!(
        dot_env()["ALERTMANAGER_SECRETS"],
        "./observability/alertmanager/secrets/examples"
    );
}

#[test]
fn grafana_knows_the_scrape_interval() {
    let prometheus: Value = yaml("observability/prometheus/prometheus.yml");
    let datasources: Value = yaml("observability/grafana/provisioning/datasources/datasources.yml");
    let prometheus_source = datasources["datasources"]
        .as_array()
        .and_then(|all| all.iter().find(|source| source["uid"] == "prometheus"))
        .expect("a datasource with the uid prometheus");
    assert_eq!(
        prometheus_source["jsonData"]["timeInterval"],
        prometheus["global"]["scrape_interval"]
    );
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
    let compose = compose();
    let limit = compose["services"]["order-service"]["mem_limit"].as_str();
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
