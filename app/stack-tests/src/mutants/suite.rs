//! The tests of the rules, each run by itself, with the promtool of the image that the stack runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use stack::rules::TestFile;

use super::reach::{self, Names, Node, Reads};

/// Where rules and tests are, in the checkout and in every copy.
const RULES: &str = "rules";
const TESTS: &str = "tests";

/// One test of one file.
pub(super) struct Test {
    /// From the folder of the tests.
    pub(super) file: PathBuf,
    pub(super) name: String,
    /// The rules that it can notice, by what they make.
    pub(super) noticed: Names,
    /// What it looks at itself.
    pub(super) looks_at: Names,
    /// How long it takes if all is well.
    pub(super) takes: Duration,
}

/// Every rule file, by its name.
pub(super) fn rule_files(prometheus: &Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for path in yaml_files(&prometheus.join(RULES))? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        found.push((name.into_owned(), fs::read_to_string(&path)?));
    }
    Ok(found)
}

/// Every test, in the order of its file. `rules` are those of each rule file.
pub(super) fn tests(prometheus: &Path, rules: &[(String, Vec<Node>)]) -> Result<Vec<Test>> {
    let folder = prometheus.join(TESTS);
    let mut found = Vec::new();
    for path in yaml_files(&folder)? {
        let parsed: TestFile = serde_saphyr::from_str(&fs::read_to_string(&path)?)
            .with_context(|| path.display().to_string())?;
        let loads = |name: &str| parsed.rule_files.iter().any(|file| matches(file, name));
        let loaded = rules.iter().filter(|(name, _)| loads(name));
        let loaded: Vec<_> = loaded.flat_map(|(_, rules)| rules.clone()).collect();
        for group in parsed.tests {
            let given = group
                .input_series
                .iter()
                .map(|input| Reads::of(&input.series));
            let given = given.flat_map(Reads::into_names).collect();
            let alerts = group.alert_rule_test.into_iter().map(|case| case.alertname);
            let exprs = group
                .promql_expr_test
                .iter()
                .map(|case| Reads::of(&case.expr));
            let looks_at = alerts.chain(exprs.flat_map(Reads::into_names)).collect();
            found.push(Test {
                file: path.strip_prefix(&folder).unwrap_or(&path).to_owned(),
                name: group.name,
                noticed: reach::noticed(&loaded, &given, &looks_at),
                looks_at,
                takes: Duration::ZERO,
            });
        }
    }
    Ok(found)
}

/// Whether a pattern such as `../rules/*.yml` stands for a file of this name.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.rsplit('/').next().unwrap_or(pattern);
    let pattern = regex_lite::escape(pattern).replace(r"\*", ".*");
    regex_lite::Regex::new(&format!("^{pattern}$")).is_ok_and(|pattern| pattern.is_match(name))
}

/// The YAML files of a folder and of those in it.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A copy of rules and tests, in which a rule file can be changed.
pub(super) struct Copy {
    folder: PathBuf,
    promtool: PathBuf,
}

impl Copy {
    pub(super) fn new(prometheus: &Path, folder: PathBuf, promtool: &Path) -> Result<Self> {
        fs::create_dir(&folder)?;
        let mut copy = Command::new("cp");
        copy.arg("-r").args([RULES, TESTS]).arg(&folder);
        let copied = copy.current_dir(prometheus).status()?;
        ensure!(
            copied.success(),
            "{} cannot be copied",
            prometheus.display()
        );
        Ok(Self {
            folder,
            promtool: promtool.to_owned(),
        })
    }

    pub(super) fn write(&self, rule_file: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.folder.join(RULES).join(rule_file), text)?)
    }

    /// Runs one test; whether it passes, and how long it took. One thread for each: several run side by side.
    pub(super) fn run(&self, test: &Test) -> Result<(bool, Duration)> {
        let started = Instant::now();
        let status = Command::new(&self.promtool)
            .args(["test", "rules", "--run"])
            .arg(format!("^{}$", regex_lite::escape(&test.name)))
            .arg(&test.file)
            .current_dir(self.folder.join(TESTS))
            .envs([("GOMAXPROCS", "1"), ("GOGC", "400")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        Ok((status.success(), started.elapsed()))
    }
}

/// Copies promtool out of the image of the service `prometheus`: a container for each run would take longer than the test.
pub(super) fn promtool(repository: &Path, folder: &Path) -> Result<PathBuf> {
    let docker = |arguments: &[&str]| {
        let output = Command::new("docker")
            .args(arguments)
            .current_dir(repository)
            .output()?;
        if !output.status.success() {
            bail!(
                "docker {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let images = docker(&["compose", "config", "--images", "prometheus"])?;
    let image = images.lines().find(|image| image.contains("prometheus"));
    let container = docker(&["create", image.context("prometheus has no image")?])?;
    let file = folder.join("promtool");
    let from = format!("{}:/bin/promtool", container.trim());
    let copied = docker(&["cp", "--follow-link", &from, &file.to_string_lossy()]);
    docker(&["rm", container.trim()])?;
    copied.map(|_| file)
}
