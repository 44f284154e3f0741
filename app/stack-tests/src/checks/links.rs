//! Every link of a message and of the dashboards, followed as it is written, and the web pages that messages link. The stack has
//! ports and a host of its own: an address that is written down somewhere leads to another stack or to none.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use stack::dashboards::{self, ADDRESSES, PRACTICE_FOLDER};
use stack::http::Client;
use stack::project::Stack;
use stack::prometheus::query;
use stack::repository::root;

/// Every address in a message that pager has recorded, one at least of each service.
pub(crate) fn of_message(stack: &Stack, message: &Value) -> Result<String> {
    let text = message.to_string();
    let links = text.match_indices("http").map(|(start, _)| &text[start..]);
    let links = links.filter_map(|link| link.split(['"', ' ', '|', '>', ')', '\\']).next());
    let links = links.filter(|link| link.contains("://"));
    let links: BTreeSet<_> = links.map(ToOwned::to_owned).collect();
    // One at least of each service, apart from order-service.
    for (service, _) in stack
        .ports()
        .iter()
        .filter(|(name, _)| *name != "ORDER_SERVICE_PORT")
    {
        let base = stack.public_url(service);
        let linked = links.iter().any(|link| link.starts_with(&base));
        ensure!(linked, "no link to {service}, {base}, in {message}");
    }
    // They are for templates; on an alert they would be part of its identity.
    let labels = message["labels"].as_object().context("labels")?;
    let external = labels.keys().any(|label| label.ends_with("_url"));
    ensure!(!external, "external labels were sent: {message}");
    follow(stack, &links)
}

/// Every link of every dashboard, with its variables resolved as Grafana does.
pub(crate) fn of_dashboards(stack: &Stack) -> Result<String> {
    let info = query(&stack.prometheus(), ADDRESSES)?;
    let addresses = info.first().context("pager says where it is")?;
    let mut links = BTreeSet::new();
    let practice = dashboards::in_folder(PRACTICE_FOLDER);
    for dashboard in dashboards::all().iter().chain(&practice) {
        for link in dashboard.links() {
            let mut link = link
                .replace("${__field.labels.alertname}", "HighErrorRate")
                .replace("{{alertname}}", "HighErrorRate");
            for (name, address) in addresses.labels.as_object().into_iter().flatten() {
                let address = address.as_str().unwrap_or_default();
                for variable in [format!("${{{name}:raw}}"), format!("{{{{{name}}}}}")] {
                    link = link.replace(&variable, address);
                }
            }
            if link.starts_with('/') {
                link = stack.public_url("GRAFANA_PORT") + &link;
            }
            links.insert(link);
        }
    }
    follow(stack, &links)
}

/// Each leads to a service of the stack, which has a page there. Where neither Grafana nor its stand-in runs, its links are named instead.
fn follow(stack: &Stack, links: &BTreeSet<String>) -> Result<String> {
    ensure!(!links.is_empty(), "there are no links");
    let has_dashboards = stack.has_grafana()? || stack.has_viewer()?;
    let mut skipped = Vec::new();
    for link in links {
        // What follows the hash is the page's own business.
        let address = link.split('#').next().unwrap_or_default();
        let mut services = stack.ports().iter();
        let found = services.find_map(|(service, _)| {
            let base = stack.public_url(service);
            let path = address.strip_prefix(&base)?.to_owned();
            let whole = path.is_empty() || path.starts_with('/');
            whole.then_some((*service, base, path))
        });
        let (service, base, path) =
            found.with_context(|| format!("{link} leads to no service of the stack"))?;
        if service == "GRAFANA_PORT" && !has_dashboards {
            skipped.push(link.as_str());
            continue;
        }
        let status = Client::at(base).get(&path)?.status;
        ensure!(status < 400, "{link} answered {status}");
    }
    let followed = links.len() - skipped.len();
    let skipped = match skipped[..] {
        [] => String::new(),
        _ => format!(
            "; skipped, since nothing here shows dashboards: {}",
            skipped.join(", ")
        ),
    };
    Ok(format!("{followed} links followed{skipped}"))
}

/// The web pages of Prometheus and Alertmanager: upstream's, or ours on top of Debian's packages.
pub(crate) fn pages(stack: &Stack) -> Result<String> {
    let compose = fs::read_to_string(root().join("docker-compose.override.yml"));
    let ours = compose.is_ok_and(|text| text.contains("scripts/debian/pages"));
    let query = "/graph?g0.expr=up&g0.tab=1";
    for (client, path, element) in [
        (stack.prometheus(), query, "id=\"expr\""),
        (stack.alertmanager(), "/", "id=\"matchers\""),
    ] {
        let answer = client.get(path)?;
        ensure!(answer.status == 200, "{path} answered {}", answer.status);
        let expected = !ours || answer.body.contains(element);
        ensure!(expected, "{path} is not our page: {}", answer.body);
    }
    Ok(if ours { "ours" } else { "upstream's" }.to_owned())
}
