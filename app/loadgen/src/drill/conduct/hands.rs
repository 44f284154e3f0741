//! Services that are stopped and started by somebody else: a container can't do that to its neighbours.
//!
//! What is to be done is one line on stderr, `do: docker compose stop order-service`; scripts/drill reads it and does exactly
//! that, a person may as well. The drill goes on when it sees that it has happened.

use std::time::Duration;

use hyper::Method;

use super::{Halt, Performance, now};
use crate::drill::definition::{Hand, Service};
use crate::drill::servers::Servers;
use crate::drill::sources::Source;

/// Longest wait for somebody to stop or start a service, in seconds: twice the longest stop grace.
const HANDS: f64 = 120.0;
/// Between two looks at a service that is being stopped or started.
const PAUSE: Duration = Duration::from_millis(250);
/// Patience with one of them: the address of a stopped container may simply not answer.
const PATIENCE: Duration = Duration::from_secs(1);

impl Performance<'_> {
    /// Asks for it, and waits until it is seen.
    pub(super) async fn ask(&mut self, hand: Hand, service: Service) -> Result<(), Halt> {
        let line = line(hand, service);
        self.theatre.screen.note(&line);
        if hand == Hand::Stop {
            self.stopped = Some(service);
        }
        let asked = now();
        loop {
            let looked = now();
            if is_done(self.theatre.servers, hand, service).await {
                self.mark(hand.mark(), looked);
                break;
            }
            if looked - asked > HANDS {
                return Err(Halt::NobodyThere(format!(
                    "waited {HANDS:.0} s and did not see it happen: {line}; scripts/drill does it"
                )));
            }
            let wanted = format!("docker compose {} {}", hand.word(), service.name());
            self.show(&wanted, asked + HANDS);
            self.pause(PAUSE).await?;
        }
        if hand == Hand::Start {
            self.stopped = None;
        }
        Ok(())
    }

    /// Asks for the start of what is stopped, without waiting for it.
    pub(super) fn say_start(&mut self) {
        if let Some(service) = self.stopped.take() {
            self.theatre.screen.note(&line(Hand::Start, service));
        }
    }
}

fn line(hand: Hand, service: Service) -> String {
    format!("do: docker compose {} {}", hand.word(), service.name())
}

/// Whether it has happened: a service is stopped when nothing answers, and started when it is ready.
async fn is_done(servers: &Servers, hand: Hand, service: Service) -> bool {
    let (source, path): (&Source, _) = match service {
        Service::OrderService => (&servers.order_service, "/ready"),
        Service::Prometheus => (&servers.prometheus.0, "/-/ready"),
    };
    match (hand, source.ask(Method::GET, path, PATIENCE).await) {
        (Hand::Start, answer) => answer.is_ok(),
        (Hand::Stop, Ok(_)) => false,
        // One that refuses is still there.
        (Hand::Stop, Err(unusable)) => unusable.status().is_none(),
    }
}
