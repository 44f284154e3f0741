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

/// None of the stack's names is known here.
#[derive(Debug)]
pub struct NotFound {
    /// The last place that was tried.
    pub server: Server,
    /// What the look-up said.
    pub cause: io::Error,
}

impl Stack {
    /// Inside the compose network.
    ///
    /// # Panics
    /// Never: the URLs are constants.
    pub fn in_network() -> Self {
        Self::at([
            "http://order-service:8000",
            "http://prometheus:9090",
            "http://alertmanager:9093",
            "http://pager:8025",
        ])
    }

    /// On the host, with the ports that `.env` publishes by default.
    ///
    /// # Panics
    /// Never: the URLs are constants.
    pub fn on_host() -> Self {
        Self::at([
            "http://127.0.0.1:8000",
            "http://127.0.0.1:9090",
            "http://127.0.0.1:9093",
            "http://127.0.0.1:8025",
        ])
    }

    /// The one whose order-service has an address here, with that address.
    ///
    /// # Errors
    /// Neither has.
    pub async fn find() -> Result<(Self, Vec<SocketAddr>), NotFound> {
        let inside = Self::in_network();
        if let Ok(addresses) = inside.order_service.resolve().await {
            return Ok((inside, addresses));
        }
        let outside = Self::on_host();
        match outside.order_service.resolve().await {
            Ok(addresses) => Ok((outside, addresses)),
            Err(cause) => Err(NotFound {
                server: outside.order_service,
                cause,
            }),
        }
    }

    fn at(urls: [&str; 4]) -> Self {
        let [order_service, prometheus, alertmanager, pager] =
            urls.map(|url| Server::parse(url).expect("a constant URL"));
        Self {
            order_service,
            prometheus,
            alertmanager,
            pager,
        }
    }
}
