//! The four servers, as a drill speaks to them.

use super::sources::Source;
use super::sources::alertmanager::Alertmanager;
use super::sources::pager::Pager;
use super::sources::prometheus::Prometheus;
use crate::stack::Stack;

/// The servers of the stack.
#[derive(Clone, Debug)]
pub struct Servers {
    /// What the incident is made in.
    pub order_service: Source,
    /// What notices.
    pub prometheus: Prometheus,
    /// What sends it on.
    pub alertmanager: Alertmanager,
    /// What gets it.
    pub pager: Pager,
}

impl Servers {
    /// Those of a stack.
    pub fn new(stack: &Stack) -> Self {
        let source = |name, server: &crate::target::Server| Source {
            name,
            server: server.clone(),
        };
        Self {
            order_service: source("order-service", &stack.order_service),
            prometheus: Prometheus(source("Prometheus", &stack.prometheus)),
            alertmanager: Alertmanager(source("Alertmanager", &stack.alertmanager)),
            pager: Pager(source("pager", &stack.pager)),
        }
    }
}
