//! The settings, from the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::http::Uri;
use axum::http::uri::Scheme;
use service::config::{ConfigErrors, Reader, environment};
use tracing::info;
use tracing_subscriber::filter::Targets;

/// Everything that can be set.
#[derive(Debug)]
pub struct Config {
    /// `DASHBOARDS_ADDRESS`: address and port to listen on. Loopback unless told otherwise.
    pub address: SocketAddr,
    /// `DASHBOARDS_FOLDERS`: where the dashboards' files are.
    pub folders: Vec<PathBuf>,
    /// `DASHBOARDS_HOME`: uid of the dashboard that `/` leads to.
    pub home: String,
    /// `DASHBOARDS_DATASOURCES`: a file of data sources as Grafana is provisioned with.
    pub datasources: PathBuf,
    /// `DASHBOARDS_PROMETHEUS`: an address in place of those in that file.
    pub prometheus: Option<Uri>,
    /// `DASHBOARDS_PAGE`: the folder of the built page.
    pub page: PathBuf,
    /// `LOG_FILTER`: level or filter of the log.
    pub log_filter: Targets,
}

impl Config {
    /// Reads the settings from this process's environment.
    ///
    /// # Errors
    /// See [`Config::from_lookup`].
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::from_lookup(environment)
    }

    /// Reads the settings through a look-up by name. One that is absent or empty has its default.
    ///
    /// # Errors
    /// Every setting that is wrong, all at once.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut reader = Reader::new(lookup);
        // From the folder `app`, where `cargo run -p dashboards` is typed.
        let grafana = PathBuf::from("../observability/grafana");
        let config = Self {
            address: reader.parsed(
                "DASHBOARDS_ADDRESS",
                SocketAddr::from(([127, 0, 0, 1], 3000)),
                "an address and a port, such as 127.0.0.1:3000",
            ),
            folders: reader.read(
                "DASHBOARDS_FOLDERS",
                vec![grafana.join("dashboards"), grafana.join("practice")],
                "folders with : between them",
                |text| Some(text.split(':').map(PathBuf::from).collect()),
            ),
            home: reader.parsed("DASHBOARDS_HOME", "order-service".to_owned(), "a uid"),
            datasources: reader.parsed(
                "DASHBOARDS_DATASOURCES",
                grafana.join("provisioning/datasources/datasources.yml"),
                "a file",
            ),
            prometheus: reader.read(
                "DASHBOARDS_PROMETHEUS",
                None,
                "an address such as http://localhost:9090",
                |text| server_address(text).map(Some),
            ),
            page: reader.parsed(
                "DASHBOARDS_PAGE",
                PathBuf::from("dashboards/page/dist/page"),
                "a folder",
            ),
            log_filter: reader.log_filter("dashboards"),
        };
        reader.finish(config)
    }

    /// Logs every setting, once, in one line.
    pub fn log(&self) {
        info!(
            address = %self.address,
            folders = ?self.folders,
            home = %self.home,
            datasources = %self.datasources.display(),
            prometheus = ?self.prometheus,
            page = %self.page.display(),
            log_filter = %self.log_filter,
            "settings"
        );
    }
}

/// The address of an HTTP server, maybe with a path before its own. There is no TLS here.
pub(crate) fn server_address(text: &str) -> Option<Uri> {
    let uri: Uri = text.trim_end_matches('/').parse().ok()?;
    (uri.scheme() == Some(&Scheme::HTTP) && uri.query().is_none()).then_some(uri)
}

#[cfg(test)]
mod tests {
    use service::testing::environment_of;

    use super::*;

    fn config(settings: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        Config::from_lookup(environment_of(settings))
    }

    #[test]
    fn names_every_wrong_setting_with_its_value_and_what_was_expected() {
        let errors = config(&[
            ("DASHBOARDS_ADDRESS", "3000"),
            ("DASHBOARDS_PROMETHEUS", "https://prometheus:9090"),
        ])
        .expect_err("both are wrong");
        assert_eq!(
            errors.to_string(),
            "2 settings are wrong:\
             \n  DASHBOARDS_ADDRESS=3000: expected an address and a port, such as 127.0.0.1:3000\
             \n  DASHBOARDS_PROMETHEUS=https://prometheus:9090: expected an address such as http://localhost:9090"
        );
    }

    #[test]
    fn every_setting_is_read() {
        let config = config(&[
            ("DASHBOARDS_ADDRESS", "0.0.0.0:9000"),
            ("DASHBOARDS_FOLDERS", "/a:/b"),
            ("DASHBOARDS_HOME", "first"),
            ("DASHBOARDS_DATASOURCES", "/sources.yml"),
            ("DASHBOARDS_PROMETHEUS", "http://localhost:9090/prometheus/"),
            ("DASHBOARDS_PAGE", "/page"),
            ("LOG_FILTER", "warn"),
        ])
        .expect("all are right");
        assert_eq!(config.address.port(), 9000);
        assert_eq!(config.folders, ["/a", "/b"].map(PathBuf::from));
        assert_eq!(config.home, "first");
        assert_eq!(config.datasources, PathBuf::from("/sources.yml"));
        assert_eq!(
            config.prometheus.map(|uri| uri.to_string()).as_deref(),
            Some("http://localhost:9090/prometheus")
        );
        assert_eq!(config.page, PathBuf::from("/page"));
    }
}
