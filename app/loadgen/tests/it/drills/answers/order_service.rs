//! order-service: takes orders, good and bad.

use super::Answer;
use crate::drills::cast::Broken;
use crate::drills::world::World;

pub(crate) fn order_service(world: &mut World, method: &str, path: &str) -> Answer {
    if world.down.is_some() && world.up.is_none() {
        return None;
    }
    if path.starts_with("/ready") {
        let status = if world.broken == Broken::NotReady {
            503
        } else {
            200
        };
        return Some((status, "{}".into()));
    }
    if method == "POST" {
        world.sent.push(path.into());
        let is_bad = path.contains("fail=true")
            || path.contains("slow=true")
            || path.contains("error_rate=0.5");
        if world.broken == Broken::FaultsOff {
            return Some((403, "{}".into()));
        }
        let count = if path.starts_with("/simulate") {
            200
        } else {
            1
        };
        world.order(is_bad, count);
        let status = if path.contains("fail=true") { 500 } else { 201 };
        return Some((status, "{}".into()));
    }
    Some((404, "{}".into()))
}
