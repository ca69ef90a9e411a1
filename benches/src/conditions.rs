//! What the figures were taken on.

use std::process::Command;
use std::thread;

use crate::rival::Release;

/// The machine and the program.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// Kernel release.
    pub kernel: String,
    /// Name of the processor.
    pub processor: String,
    /// Cores that this program may use.
    pub cores: usize,
    /// Commit that was measured.
    pub commit: String,
    /// The compiler.
    pub rustc: String,
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

impl Conditions {
    /// As they are.
    pub fn now() -> Self {
        let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        let dirty = if said("git", &["status", "--porcelain", "-uno"]).is_empty() {
            ""
        } else {
            " with changes"
        };
        Self {
            kernel: said("uname", &["-sr"]),
            processor: model
                .map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            commit: said("git", &["rev-parse", "--short", "HEAD"]) + dirty,
            rustc: said("rustc", &["--version"]),
        }
    }

    /// A release in words, with the help of the program's lock file.
    pub fn release(&self, release: &Release, lock: &str) -> String {
        match release {
            Release::Words(words) => words.clone(),
            Release::Crate("ringway") => format!("{} ({})", env!("CARGO_PKG_VERSION"), self.commit),
            Release::Crate(name) => locked(name, lock).unwrap_or("unknown").to_owned(),
        }
    }
}

fn locked<'l>(name: &str, lock: &'l str) -> Option<&'l str> {
    let (_, after) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::locked;

    #[test]
    fn the_release_of_a_crate_is_that_of_the_lock_file() {
        let lock = "[[package]]\nname = \"pipe-tools\"\nversion = \"9.9\"\n\n[[package]]\nname = \"pipe\"\nversion = \"1.2.3\"\n";
        assert_eq!(locked("pipe", lock), Some("1.2.3"));
        assert_eq!(locked("pip", lock), None);
    }
}
