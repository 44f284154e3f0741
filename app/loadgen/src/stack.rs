//! Where the stack is: its servers' names in the compose network, their ports on its host.

use std::io;
use std::net::SocketAddr;

use crate::target::Server;

/// The servers that a load or a drill speaks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// What is loaded.
    pub order_service: Server,
    /// What watches it.
    pub prometheus: Server,
    /// What sends alerts on.
    pub alertmanager: Server,
    /// What stands in for the people who get them.
    pub pager: Server,
}

/// A stack that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub stack: Stack,
    pub addresses: Vec<SocketAddr>,
    /// That it was only guessed at, and why.
    pub guess: Option<String>,
}

/// Its order-service has no address.
#[derive(Debug)]
pub(crate) struct NotFound {
    pub server: Server,
    pub cause: io::Error,
}

impl Stack {
    /// Inside the compose network.
    pub(crate) fn in_network() -> Self {
        Self::at(["order-service", "prometheus", "alertmanager", "pager"])
    }

    /// On the host.
    pub(crate) fn on_host() -> Self {
        Self::at(["127.0.0.1"; 4])
    }

    /// The one of the compose network where any of its names is known; the one of this host where none is.
    ///
    /// # Errors
    /// Its order-service has no address.
    pub(crate) async fn find() -> Result<Found, NotFound> {
        Self::find_by(Server::resolve).await
    }

    async fn find_by(
        resolve: impl AsyncFn(&Server) -> io::Result<Vec<SocketAddr>>,
    ) -> Result<Found, NotFound> {
        let inside = Self::in_network();
        let unknown = match resolve(&inside.order_service).await {
            Ok(addresses) => {
                return Ok(Found {
                    stack: inside,
                    addresses,
                    guess: None,
                });
            }
            Err(cause) => cause,
        };
        for other in [&inside.prometheus, &inside.alertmanager, &inside.pager] {
            if resolve(other).await.is_ok() {
                return Err(NotFound {
                    server: inside.order_service,
                    cause: unknown,
                });
            }
        }
        let outside = Self::on_host();
        match resolve(&outside.order_service).await {
            Ok(addresses) => Ok(Found {
                addresses,
                guess: Some(format!(
                    "none of the stack's names is known here ({}: {unknown}), so it is looked for at {}",
                    inside.order_service.url(),
                    outside.order_service.url()
                )),
                stack: outside,
            }),
            Err(cause) => Err(NotFound {
                server: outside.order_service,
                cause,
            }),
        }
    }

    /// With the ports inside the network, which `.env` publishes on the host by default.
    fn at(hosts: [&str; 4]) -> Self {
        let server = |host: &str, port: u16| {
            Server::parse(&format!("http://{host}:{port}")).expect("the hosts are constants")
        };
        let [order_service, prometheus, alertmanager, pager] = hosts;
        Self {
            order_service: server(order_service, 8000),
            prometheus: server(prometheus, 9090),
            alertmanager: server(alertmanager, 9093),
            pager: server(pager, 8025),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Found, NotFound, Stack};

    /// Where only these names have an address.
    fn found(known: &[&str]) -> Result<Found, NotFound> {
        let address = "127.0.0.1:1".parse().expect("an address");
        let resolve = async |server: &crate::target::Server| {
            let is_known = known.iter().any(|name| server.url().contains(name));
            is_known
                .then(|| vec![address])
                .ok_or_else(|| io::Error::other("unknown name"))
        };
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(Stack::find_by(resolve))
    }

    #[test]
    fn the_host_is_a_guess_only_where_no_name_of_the_stack_is_known() {
        let inside = found(&["order-service", "127.0.0.1"]).expect("it is known");
        assert_eq!(inside.stack, Stack::in_network());
        assert!(inside.guess.is_none());

        let outside = found(&["127.0.0.1"]).expect("every host has it");
        assert_eq!(outside.stack, Stack::on_host());
        let guess = outside.guess.expect("it is one, and says so");
        assert!(
            guess.contains("http://order-service:8000: unknown name"),
            "{guess}"
        );

        for other in ["prometheus", "alertmanager", "pager"] {
            let missing = found(&[other, "127.0.0.1"]).expect_err("order-service is stopped");
            assert_eq!(missing.server.url(), "http://order-service:8000", "{other}");
        }
    }
}
