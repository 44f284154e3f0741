//! The checkout in which is practised, and what git knows of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

/// A checkout with a history.
#[derive(Debug)]
pub struct Workplace {
    root: PathBuf,
}

impl Workplace {
    /// The checkout in this folder.
    ///
    /// # Errors
    /// It is no git repository: then there would be nothing to put back.
    pub fn new(root: PathBuf) -> Result<Self> {
        let workplace = Self { root };
        workplace
            .git(&["rev-parse", "--verify", "--quiet", "HEAD"])
            .context(
                "exercises need git, which keeps what is taken out: use a clone of the repository",
            )?;
        Ok(workplace)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file as it is now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, file: &str) -> Result<String> {
        fs::read_to_string(self.root.join(file)).with_context(|| file.to_owned())
    }

    /// Writes a file.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, file: &str, text: &str) -> Result<()> {
        fs::write(self.root.join(file), text).with_context(|| {
            format!("{file} cannot be written; exercises need a writable checkout")
        })
    }

    /// A file as a revision has it.
    ///
    /// # Errors
    /// It doesn't.
    pub fn committed(&self, revision: &str, file: &str) -> Result<String> {
        self.git(&["show", &format!("{revision}:{file}")])
    }

    /// Remembers the present commit as the one that has the solution: the learner may commit on top of it.
    ///
    /// # Errors
    /// git refuses.
    pub fn remember_start(&self, exercise: &str) -> Result<()> {
        self.git(&["update-ref", &start(exercise), "HEAD"])
            .map(|_| ())
    }

    /// The revision that has the solution.
    pub fn start(&self, exercise: &str) -> String {
        let name = start(exercise);
        if self.is_known(&name) {
            name
        } else {
            "HEAD".to_owned()
        }
    }

    fn is_known(&self, name: &str) -> bool {
        self.git(&["rev-parse", "--verify", "--quiet", name])
            .is_ok()
    }

    /// Forgets it: from now on the present commit has the solution.
    ///
    /// # Errors
    /// git refuses.
    pub fn forget_start(&self, exercise: &str) -> Result<()> {
        self.git(&["update-ref", "-d", &start(exercise)])
            .map(|_| ())
    }

    /// Keeps a text in git's store, beside those that are kept already, and returns the name it has there.
    ///
    /// # Errors
    /// git refuses.
    pub fn keep(&self, exercise: &str, text: &str) -> Result<String> {
        let copy = NamedTempFile::new()?;
        fs::write(&copy, text)?;
        let path = copy.path().to_str().context("a path in UTF-8")?;
        let blob = self.git(&["hash-object", "-w", "--no-filters", path])?;
        let name = (1..=u32::MAX)
            .map(|number| format!("refs/practice/{exercise}-yours-{number}"))
            .find(|name| !self.is_known(name))
            .context("a free number")?;
        self.git(&["update-ref", &name, blob.trim()])?;
        Ok(name)
    }

    /// What is kept under a name in git's store.
    ///
    /// # Errors
    /// Nothing is.
    pub fn kept(&self, name: &str) -> Result<String> {
        self.git(&["cat-file", "blob", name])
    }

    fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .context("git cannot be run")?;
        ensure!(
            output.status.success(),
            "git {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn start(exercise: &str) -> String {
    format!("refs/practice/{exercise}")
}
