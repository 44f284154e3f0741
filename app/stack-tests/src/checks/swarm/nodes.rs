//! A swarm on this machine, with the stack on it. Its nodes are made by `scripts/swarm-nodes`, and removed with it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use stack::http::Client;
use stack::project::{Stack, wait_until};

/// The ports of `.env`: on nodes of its own a stack needs no others.
const PORTS: [(&str, &str); 4] = [
    ("PROMETHEUS_PORT", "9090"),
    ("ALERTMANAGER_PORT", "9093"),
    ("GRAFANA_PORT", "3000"),
    ("PAGER_PORT", "8025"),
];

/// The nodes, and the stack on them.
pub(super) struct Swarm<'a> {
    stack: &'a Stack,
    /// Of each node, the socket and the address, with a space in between.
    nodes: Vec<String>,
    images: Vec<String>,
}

impl<'a> Swarm<'a> {
    /// That many nodes, all of them managers, with the images of the stack.
    pub(super) fn start(stack: &'a Stack, count: usize) -> Result<Self> {
        nodes(stack, &["down"])?;
        let images = expect(stack, &["scripts/swarm", "images"], &[])?;
        let images: Vec<_> = images.lines().map(ToOwned::to_owned).collect();
        let up = nodes(stack, &["up", &count.to_string()])?;
        let loadgen = format!("{}-loadgen", stack.project);
        let load = ["load", &loadgen].into_iter();
        let load = load.chain(images.iter().map(String::as_str));
        nodes(stack, &load.collect::<Vec<_>>())?;
        Ok(Self {
            stack,
            nodes: up.lines().map(ToOwned::to_owned).collect(),
            images,
        })
    }

    /// Runs a program for the swarm: through the last of its nodes, which no test kills.
    pub(super) fn run(&self, words: &[&str]) -> Result<String> {
        let last = self.nodes.last().and_then(|node| node.split(' ').next());
        let settings = [
            ("DOCKER_HOST", last.context("a node")?),
            ("ORDER_SERVICE_IMAGE", &self.images[0]),
            ("PAGER_IMAGE", &self.images[1]),
        ];
        expect(self.stack, words, &[&settings[..], &PORTS].concat())
    }

    /// Cuts a node off and kills everything on it; the first is 1.
    pub(super) fn lose(&self, node: usize) -> Result<()> {
        nodes(self.stack, &["kill", &node.to_string()]).map(drop)
    }

    /// A service's name in the swarm.
    pub(super) fn name(&self, service: &str) -> String {
        format!("{}_{service}", self.stack.project)
    }

    /// The number of the node on which a service of one replica runs.
    pub(super) fn node_of(&self, service: &str) -> Result<usize> {
        let (name, format) = (self.name(service), "{{.CurrentState}} {{.Node}}");
        let tasks = self.run(&["docker", "service", "ps", "--format", format, &name])?;
        let node = tasks.lines().find(|line| line.starts_with("Running"));
        let number = node.and_then(|line| line.rsplit_once("node-")?.1.parse().ok());
        number.with_context(|| format!("{service} runs nowhere: {tasks}"))
    }

    /// A client for a port that a service publishes.
    pub(super) fn client(&self, service: &str, port: u16) -> Result<Client> {
        let node = &self.nodes[self.node_of(service)? - 1];
        let address = node.rsplit(' ').next().unwrap_or_default();
        Ok(Client::at(format!("http://{address}:{port}")))
    }

    /// Sets how many replicas a service is to have. There may be no leader for a moment.
    pub(super) fn scale(&self, service: &str, replicas: usize) -> Result<()> {
        let wanted = format!("{}={replicas}", self.name(service));
        let words = ["docker", "service", "scale", "--detach", &wanted];
        wait_until("the swarm obeys", Duration::from_mins(1), || {
            self.run(&words).map(|_| true)
        })
        .map(drop)
    }

    /// Kills what a service runs, on a swarm of one node. The swarm starts it again.
    pub(super) fn kill(&self, service: &str) -> Result<()> {
        let filter = format!("label=com.docker.swarm.service.name={}", self.name(service));
        let container = self.run(&["docker", "ps", "--quiet", "--filter", &filter])?;
        self.run(&["docker", "kill", container.trim()]).map(drop)
    }
}

impl Drop for Swarm<'_> {
    fn drop(&mut self) {
        let _ = nodes(self.stack, &["down"]);
    }
}

fn nodes(stack: &Stack, words: &[&str]) -> Result<String> {
    expect(stack, &[&["scripts/swarm-nodes"], words].concat(), &[])
}

/// What a program prints, which must succeed.
fn expect(stack: &Stack, words: &[&str], settings: &[(&str, &str)]) -> Result<String> {
    let finished = stack.run(words, settings)?;
    ensure!(
        finished.code == Some(0),
        "{}: {}",
        words.join(" "),
        finished.output
    );
    Ok(finished.stdout)
}
