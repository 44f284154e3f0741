//! The proof: in a copy of this checkout, each gap turns its tests red and its solution turns them green.
//!
//! In a copy with a history of its own, since the exercises put back what is committed, and since this checkout is somebody's.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use stack_tests::repository;
use tempfile::TempDir;

use super::workplace::Workplace;
use super::{Exercise, Solution, begin_in, solution_in};
use crate::interrupt::Interrupt;

/// Not in git, but the copy needs it where images were made from packages.
const OVERRIDE: &str = "docker-compose.override.yml";

/// Folders that hold what is built or fetched.
const BUILT: [&str; 2] = ["app/target", "node_modules"];

/// Runs every exercise from its gap to its solution.
///
/// # Errors
/// A gap leaves its tests green, a solution leaves them red, or a change of somebody's is overwritten.
pub fn run(interrupt: &Interrupt) -> Result<()> {
    let folder = TempDir::new()?;
    copy_checkout(folder.path())?;
    let workplace = Workplace::new(folder.path().to_owned())?;
    for exercise in Exercise::ALL {
        interrupt.check()?;
        prove(&workplace, exercise).with_context(|| format!("the exercise {}", exercise.name()))?;
        println!(
            "ok  {}: its tests fail with the gap and pass with the solution, and no change is overwritten",
            exercise.name()
        );
    }
    println!("lab: {} passed, 0 failed", Exercise::ALL.len());
    Ok(())
}

fn prove(workplace: &Workplace, exercise: Exercise) -> Result<()> {
    let file = exercise.file();
    let committed = workplace.read(file)?;

    let mine = format!("{committed}\n");
    workplace.write(file, &mine)?;
    ensure!(
        begin_in(workplace, exercise).is_err(),
        "begin overwrites a dirty file"
    );
    ensure!(workplace.read(file)? == mine, "begin changed a dirty file");
    workplace.write(file, &committed)?;

    begin_in(workplace, exercise)?;
    let judgement = exercise.judge(workplace)?;
    ensure!(!judgement.is_complete(), "the gap is not noticed");
    ensure!(
        !exercise.tests_pass(workplace)?,
        "the gap leaves its tests green"
    );

    ensure!(
        put_back(workplace, exercise)?.is_none(),
        "the bare gap is kept as somebody's version"
    );
    let judgement = exercise.judge(workplace)?;
    ensure!(
        judgement.is_complete(),
        "the solution is not accepted: {:?}",
        judgement.missing
    );

    let mut names = Vec::new();
    for attempt in ["\n", "\n\n"] {
        begin_in(workplace, exercise).context("begin again after the solution")?;
        let attempt = workplace.read(file)? + attempt;
        workplace.write(file, &attempt)?;
        let name = put_back(workplace, exercise)?.context("an attempt is not kept")?;
        ensure!(
            workplace.kept(&name)? == attempt && !names.contains(&name),
            "an attempt is not kept as it was, or replaces another one"
        );
        names.push(name);
        workplace.write(file, &committed)?;
    }

    for gap in exercise.single_gaps(&committed, workplace)? {
        workplace.write(file, &gap)?;
        let judgement = exercise.judge(workplace)?;
        ensure!(
            !judgement.is_complete(),
            "one piece that is missing is not noticed:\n{gap}"
        );
    }
    workplace.write(file, &committed)
}

/// Puts the solution back and returns the name under which the attempt is kept.
fn put_back(workplace: &Workplace, exercise: Exercise) -> Result<Option<String>> {
    match solution_in(workplace, exercise)? {
        Solution::There => bail!("the gap passes for the solution"),
        Solution::PutBack { mut kept, .. } => Ok(kept.pop()),
    }
}

/// What is here now, uncommitted changes included, as the first commit of a repository.
fn copy_checkout(to: &Path) -> Result<()> {
    let from = repository::root();
    let mut files = if from.join(".git").exists() {
        let list = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = run_in(&from, "git", &list)?;
        listed.split('\0').map(ToOwned::to_owned).collect()
    } else {
        // A copy of a checkout, without its history.
        walk(&from, Path::new(""))?
    };
    files.push(OVERRIDE.to_owned());
    for file in files {
        let source = from.join(&file);
        // One that was deleted and not yet committed is still listed.
        if source.is_file() {
            let target = to.join(&file);
            fs::create_dir_all(target.parent().context("a file in a folder")?)?;
            fs::copy(&source, target).with_context(|| file.clone())?;
        }
    }
    run_in(to, "git", &["init", "--quiet"])?;
    run_in(to, "git", &["add", "--all"])?;
    let identity = [
        "-c",
        "user.name=lab",
        "-c",
        "user.email=lab@localhost",
        "-c",
        "commit.gpgsign=false",
    ];
    let commit = [
        "commit",
        "--quiet",
        "--no-verify",
        "--message",
        "A copy to practise on",
    ];
    run_in(to, "git", &[&identity[..], &commit].concat())?;
    Ok(())
}

/// Every file below a folder of the root, but what is built.
fn walk(root: &Path, folder: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        let path = folder.join(entry?.file_name());
        if root.join(&path).is_file() {
            files.push(path.to_string_lossy().into_owned());
        } else if !BUILT.iter().any(|built| path.ends_with(built)) {
            files.extend(walk(root, &path)?);
        }
    }
    Ok(files)
}

fn run_in(folder: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .with_context(|| program.to_owned())?;
    ensure!(
        output.status.success(),
        "{program} {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
