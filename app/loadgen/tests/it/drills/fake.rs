//! A fake stack: four servers on free ports that agree about one fake world.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex, MutexGuard};

use loadgen::drill::report::{DrillReport, Report};

use super::answers;
use super::cast::Broken;
use super::http::serve;
use super::world::{World, now};
use crate::support::{code, loadgen, stderr};

/// The servers and their world.
pub(crate) struct Fake {
    world: Arc<Mutex<World>>,
    /// order-service, Prometheus, Alertmanager, pager.
    addresses: [SocketAddr; 4],
}

/// How a drill ended: its exit code, what it printed and what it said.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) report: Report,
    pub(crate) said: String,
}

impl Ended {
    /// Its only drill.
    pub(crate) fn drill(&self) -> &DrillReport {
        assert_eq!(self.report.drills.len(), 1, "{:?}", self.report);
        &self.report.drills[0]
    }

    /// How a step of it ended.
    pub(crate) fn result(&self, subject: &str, step: &str) -> &str {
        let steps = &self.drill().steps;
        let found = steps
            .iter()
            .find(|row| row.subject == subject && row.step == step);
        found.map_or("absent", |row| &row.result)
    }
}

impl Fake {
    /// A stack in which these alerts take part.
    pub(crate) fn new(broken: Broken, cast: &[&'static str]) -> Self {
        let world = Arc::new(Mutex::new(World::new(broken, cast)));
        let of = |answer: fn(&mut World, &str, &str) -> Option<(u16, String)>| {
            let world = Arc::clone(&world);
            serve(Arc::new(move |method, path| {
                answer(&mut world.lock().expect("nobody panicked"), method, path)
            }))
        };
        let addresses = [
            of(answers::order_service),
            of(|world, _, path| answers::prometheus(world, path)),
            of(|world, _, path| answers::alertmanager(world, path)),
            of(|world, _, path| answers::pager(world, path)),
        ];
        Self { world, addresses }
    }

    /// One in which an alert is pending for longer.
    pub(crate) fn with_hold(broken: Broken, cast: &[&'static str], hold: f64) -> Self {
        let fake = Self::new(broken, cast);
        fake.world().hold = hold;
        fake
    }

    /// What has happened.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("nobody panicked")
    }

    /// `loadgen drill` against it; a busy machine must not make it invalid, and hardly late.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let urls = self.addresses.map(|address| format!("http://{address}"));
        let mut command = loadgen(&["drill"]);
        command.args(arguments).args([
            "--target",
            &urls[0],
            "--prometheus",
            &urls[1],
            "--alertmanager",
            &urls[2],
            "--pager",
            &urls[3],
            "--max-lag",
            "1h",
            "--seed",
            "7",
        ]);
        command
    }

    /// Runs a drill that is to pass, or to fail for another reason than its time.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "60s")
    }

    /// Runs a drill that is to fail because a step never comes.
    pub(crate) fn run_in_vain(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, "3s")
    }

    fn run_with(&self, arguments: &[&str], slack: &str) -> Ended {
        let mut command = self.command(arguments);
        command.args(["--json", "--slack", slack]);
        let output = command.output().expect("it was built for this test");
        let said = stderr(&output);
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("no report ({error}): {said}"));
        Ended {
            code: code(&output),
            report,
            said,
        }
    }

    /// Starts a drill and carries out what it asks for, as scripts/drill does; returns the lines that it carried out.
    pub(crate) fn operate(&self, child: &mut Child) -> Vec<String> {
        let lines = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let mut carried_out = Vec::new();
        for line in lines.lines() {
            let line = line.expect("stderr is text");
            let mut world = self.world();
            match line.strip_prefix("do: docker compose ") {
                Some("stop order-service") => world.turn(false),
                Some("start order-service") => world.turn(true),
                Some("stop prometheus") => world.blind = Some(now()),
                Some("start prometheus") => world.seeing = Some(now()),
                _ => continue,
            }
            carried_out.push(line);
        }
        carried_out
    }
}
