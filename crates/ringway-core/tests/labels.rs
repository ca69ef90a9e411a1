//! Every atomic operation says which ordering pair it belongs to, and every pair has two sides.
//!
//! A label is a comment at the operation: on one of its lines, on comment lines just above it, or
//! first in the block that it opens. `// own` names a pair, `// hold, edge` two, `// pairs with:
//! publish` a pair of which this is the reading side; more may follow a colon or a semicolon. An
//! operation that is Relaxed has a comment that says why that suffices. What a pair is for stands
//! in a module documentation, which names it in backticks beside the words "Ordering pair".

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The crates whose sources are checked.
const CRATES: [&str; 3] = ["ringway-core", "ringway-segment", "ringway"];

const OPERATIONS: [&str; 7] =
    [".load(", ".store(", ".swap(", ".compare_exchange(", ".fetch_", ".raise(", "fence("];
/// Operations without an ordering argument that are part of a pair.
const BARRIERS: [&str; 2] = ["::barrier()", "::barrier_between_seqcst()"];

/// A source file, line by line: the code without comments and strings, and the comments.
struct Source {
    path: PathBuf,
    code: Vec<String>,
    comments: Vec<String>,
}

/// An operation: its lines, and what its orderings make of it.
struct Site {
    first: usize,
    last: usize,
    reads: bool,
    writes: bool,
    is_barrier: bool,
}

impl Source {
    fn new(path: &Path, text: &str) -> Self {
        let (mut code, mut comments) = (Vec::new(), Vec::new());
        for line in text.lines().take_while(|line| line.trim() != "#[cfg(test)]") {
            let (mut shown, mut in_string, mut comment) = (String::new(), false, "");
            let mut rest = line;
            while let Some(char) = rest.chars().next() {
                if !in_string && rest.starts_with("//") {
                    comment = rest;
                    break;
                }
                let escaped = if in_string && char == '\\' { 2 } else { 1 };
                in_string ^= char == '"' && !rest.starts_with("\"'");
                shown.push(if in_string || char == '"' { ' ' } else { char });
                rest = rest.get(escaped * char.len_utf8()..).unwrap_or("");
            }
            code.push(shown);
            comments.push(comment.to_owned());
        }
        Self { path: path.to_owned(), code, comments }
    }

    fn sites(&self) -> Vec<Site> {
        let all = self.code.join("\n");
        let line_of = |at: usize| all[..at].matches('\n').count();
        let mut sites = Vec::new();
        for operation in OPERATIONS {
            for (at, _) in all.match_indices(operation) {
                let open = at + all[at..].find('(').expect("a call");
                let end = open + closing(&all[open..]);
                let orders = orderings(&all[open..end]);
                let Some(&success) = orders.first() else { continue }; // handed on, or no atomic
                let failure = orders.get(1).copied().unwrap_or("Relaxed");
                let is_fence = operation == "fence(";
                let acquires = matches!(success, "Acquire" | "AcqRel" | "SeqCst");
                let releases = matches!(success, "Release" | "AcqRel" | "SeqCst");
                sites.push(Site {
                    first: line_of(at),
                    last: line_of(end),
                    reads: operation != ".store(" && acquires && !is_fence
                        || matches!(failure, "Acquire" | "SeqCst"),
                    writes: operation != ".load(" && releases && !is_fence,
                    is_barrier: false,
                });
            }
        }
        for barrier in BARRIERS {
            for (at, _) in all.match_indices(barrier) {
                let line = line_of(at);
                let (reads, writes) = (false, false);
                sites.push(Site { first: line, last: line, reads, writes, is_barrier: true });
            }
        }
        sites
    }

    /// The comments at an operation.
    fn comments_at(&self, site: &Site) -> Vec<&str> {
        let is_comment = |line: usize| {
            self.code.get(line).is_some_and(|code| code.trim().is_empty())
                && !self.comments[line].is_empty()
        };
        let above = (0..site.first).rev().take_while(|&line| is_comment(line)).last();
        let first = above.unwrap_or(site.first);
        // Where rustfmt puts the comment of a line that opens a block.
        let opens = self.code[site.last].trim_end().ends_with('{');
        let last = site.last + usize::from(opens && is_comment(site.last + 1));
        (first..=last)
            .map(|line| self.comments[line].trim_start_matches('/').trim())
            .filter(|comment| !comment.is_empty())
            .collect()
    }
}

/// The place of the parenthesis that closes the first one.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (at, char) in text.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("a parenthesis is not closed");
}

/// The orderings among the arguments of a call, and not of calls within.
fn orderings(call: &str) -> Vec<&str> {
    let (mut depth, mut outer) = (0, String::new());
    for char in call.chars() {
        depth -= i32::from(char == ')');
        outer.push(if depth <= 1 { char } else { ' ' });
        depth += i32::from(char == '(');
    }
    let known = ["Relaxed", "Acquire", "Release", "AcqRel", "SeqCst"];
    let words = outer.split(|char: char| !char.is_alphanumeric() && char != '_');
    words.filter_map(|word| known.into_iter().find(|&order| order == word)).collect()
}

/// The pairs that a comment names, of those that are known.
fn labels<'k>(comment: &str, known: &'k BTreeSet<String>) -> Vec<&'k str> {
    comment
        .split(';')
        .flat_map(|part| {
            let part = part.trim();
            let list = part.strip_prefix("pairs with:").unwrap_or(part);
            let list = list.split(':').next().unwrap_or("");
            let named: Option<Vec<&str>> =
                list.split(',').map(|name| known.get(name.trim()).map(String::as_str)).collect();
            named.unwrap_or_default()
        })
        .collect()
}

/// The pairs that module documentations explain.
fn explained(sources: &[Source]) -> BTreeSet<String> {
    let docs = sources.iter().flat_map(|source| {
        let lines = source.comments.iter().filter_map(|comment| comment.strip_prefix("//!"));
        let text = lines.map(str::trim).collect::<Vec<_>>().join(" ");
        // "Ordering pair `life`: ... Ordering pair `clean`: ...", or "Ordering pairs...: * `own`:
        // ..."
        text.split("Ordering pair").skip(1).map(str::to_owned).collect::<Vec<_>>()
    });
    docs.flat_map(|text| {
        let mut names = Vec::new();
        for (at, _) in text.match_indices("`:") {
            let name = text[..at].rsplit('`').next().unwrap_or("");
            let is_name = !name.is_empty() && name.chars().all(|char| char.is_ascii_lowercase());
            names.extend(is_name.then(|| name.to_owned()));
        }
        names
    })
    .collect()
}

fn sources() -> Vec<Source> {
    fn collect(directory: &Path, into: &mut Vec<Source>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(Source::new(&path, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    CRATES.iter().for_each(|name| collect(&crates.join(name).join("src"), &mut found));
    assert!(!found.is_empty());
    found
}

/// What is wrong with the labels.
fn faults(sources: &[Source]) -> Vec<String> {
    let known = explained(sources);
    let mut faults = Vec::new();
    // The sides of each pair: where it is written, and where it is read.
    let mut sides: BTreeMap<&str, [BTreeSet<String>; 2]> =
        known.iter().map(|name| (name.as_str(), Default::default())).collect();
    for source in sources {
        for site in source.sites() {
            let place = format!("{}:{}", source.path.display(), site.first + 1);
            let comments = source.comments_at(&site);
            let mut named = Vec::new();
            for comment in &comments {
                let found = labels(comment, &known);
                if comment.contains("pairs with:") {
                    if found.is_empty() {
                        faults.push(format!("{place}: no pair is called so: {comment}"));
                    } else if site.writes && !site.reads {
                        faults.push(format!("{place}: it does not acquire: {comment}"));
                    }
                }
                named.extend(found);
            }
            let must_name = site.writes || site.is_barrier;
            if named.is_empty() && (must_name || comments.is_empty()) {
                faults.push(format!("{place}: it names no pair, and gives no reason"));
            }
            for name in named {
                let [written, read] = sides.get_mut(name).unwrap();
                written.extend(site.writes.then(|| place.clone()));
                read.extend(site.reads.then(|| place.clone()));
            }
        }
    }
    for (name, [written, read]) in sides {
        if written.is_empty() || read.is_empty() || written.union(&read).count() < 2 {
            faults.push(format!("pair {name} has one side: written {written:?}, read {read:?}"));
        }
    }
    faults
}

#[test]
fn every_atomic_operation_names_its_pair_and_every_pair_has_two_sides() {
    let sources = sources();
    let count: usize = sources.iter().map(|source| source.sites().len()).sum();
    assert!(count > 50, "{count} operations only");
    let faults = faults(&sources);
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn labels_that_lack_are_found() {
    let check = |body: &str| {
        let text = format!("//! Ordering pair `hold`: a release against an acquire.\n{body}");
        faults(&[Source::new(Path::new("it.rs"), &text)])
    };
    let write = "word.store(1, Release); // hold\n";
    let read = "let seen = word.load(Acquire); // pairs with: hold\n";
    assert_eq!(check(&format!("{write}{read}")), [""; 0]);
    assert_eq!(check(&format!("{write}// pairs with: hold\nword.load(\n  Acquire);")), [""; 0]);
    let relaxed = "word.load(Relaxed); // compared only\n";
    assert_eq!(check(&format!("{write}{read}{relaxed}")), [""; 0]);
    for fault in [
        write.to_owned(),
        read.to_owned(),
        format!("{write}word.load(Relaxed); // pairs with: hold"),
        format!("{write}{read}word.store(2, Release);"),
        format!("{write}{read}word.store(2, Release); // for the others"),
        format!("{write}{read}word.load(Relaxed);"),
        format!("{write}{read}word.load(Acquire);"),
        format!("{write}{read}word.load(Relaxed); // pairs with: keep"),
        format!("{write}{read}word.store(2, Release); // pairs with: hold"),
        format!("{write}{read}W::barrier();"),
    ] {
        assert_eq!(check(&fault).len(), 1, "{fault}");
    }
}
