//! The resource attributes, exposed as `target_info`: those the program knows, which the OpenTelemetry variables override and extend.

use std::fmt;
use std::str::FromStr;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

const SERVICE_NAME: &str = "service.name";

/// The attributes of `OTEL_RESOURCE_ATTRIBUTES`, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceAttributes(Vec<(String, String)>);

/// A list that is not what the OpenTelemetry specification describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidAttributes;

impl ResourceAttributes {
    /// What the setting must look like, for its error.
    pub(crate) const EXPECTED: &str = "NAME=VALUE,NAME=VALUE with percent-encoding, such as deployment.environment.name=test,team=a%2Cb";

    /// `OTEL_SERVICE_NAME`, which wins over `service.name` in the list.
    #[must_use]
    pub fn with_service_name(mut self, name: Option<String>) -> Self {
        self.0.extend(name.map(|name| (SERVICE_NAME.into(), name)));
        self
    }

    /// All of them, those that the program knows by itself included.
    pub(super) fn resource(self) -> Resource {
        let given = self.0.into_iter();
        Resource::builder_empty()
            .with_attributes([
                KeyValue::new("vcs.ref.head.revision", "unknown"),
                KeyValue::new(SERVICE_NAME, env!("CARGO_PKG_NAME")),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                // A random UUID per start, as the semantic conventions recommend.
                KeyValue::new("service.instance.id", Uuid::new_v4().to_string()),
            ])
            .with_attributes(given.map(|(name, value)| KeyValue::new(exposable(&name), value)))
            .build()
    }
}

impl fmt::Display for ResourceAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

impl FromStr for ResourceAttributes {
    type Err = InvalidAttributes;

    /// As the specification of resources says: `NAME=VALUE,…`, both percent-encoded where they must be. One error discards all.
    fn from_str(text: &str) -> Result<Self, InvalidAttributes> {
        let entries = text.split(',').filter(|entry| !entry.trim().is_empty());
        let attribute = |entry: &str| {
            let (name, value) = entry.split_once('=')?;
            let name = decode(name.trim()).filter(|name| !name.is_empty())?;
            Some((name, decode(value.trim())?))
        };
        let attributes: Option<Vec<_>> = entries.map(attribute).collect();
        attributes.map(Self).ok_or(InvalidAttributes)
    }
}

fn decode(text: &str) -> Option<String> {
    // The decoder leaves a `%` alone that no two hexadecimal digits follow.
    let mut escapes = text.split('%').skip(1);
    let valid = escapes.all(|rest| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    valid.then(|| decoded.into_owned())
}

/// A name that the exporter makes a valid label of: it lets `:` and a leading digit pass, and both make the whole page invalid. A
/// name that would begin with `_` could also be one of Prometheus' own, such as `__name__`.
fn exposable(name: &str) -> String {
    let name = name.replace(':', "_");
    if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        name
    } else {
        // The prefix that OpenTelemetry's translation to Prometheus has for names that begin with a digit.
        format!("key_{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_percent_decoded() {
        let given: ResourceAttributes = " a%3Db = x%2Cy%20%C3%A9+z ,base64=YQ==,empty=,"
            .parse()
            .expect("valid");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let decoded = [
            pair("a=b", "x,y é+z"),
            pair("base64", "YQ=="),
            pair("empty", ""),
        ];
        assert_eq!(given, ResourceAttributes(decoded.to_vec()));
        assert_eq!("".parse(), Ok(ResourceAttributes::default()));
    }

    #[test]
    fn what_cannot_be_decoded_discards_the_list() {
        for wrong in [
            "=v", " =v", "%=v", "a", "a=1,b", "a=%", "a=%2", "a=%zz", "a=%ff", "%c3=1",
        ] {
            let parsed = wrong.parse::<ResourceAttributes>();
            assert_eq!(parsed, Err(InvalidAttributes), "{wrong}");
        }
    }

    #[test]
    fn every_name_becomes_one_that_prometheus_takes() {
        for (given, exposed) in [
            ("team", "team"),
            ("k8s.pod/a", "k8s.pod/a"),
            ("1st", "key_1st"),
            ("_x", "key__x"),
            ("__name__", "key___name__"),
            ("é", "key_é"),
            ("a:b", "a_b"),
        ] {
            assert_eq!(exposable(given), exposed);
        }
    }
}
