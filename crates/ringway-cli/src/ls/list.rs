//! The list for programs.

use serde_json::{Value, json};

use super::{Listed, What};
use crate::view::list::{describe, merged, unmapped};

pub(super) fn of(listed: &[Listed]) -> Value {
    listed.iter().flat_map(entries).collect()
}

fn entries(Listed { name, what }: &Listed) -> Vec<Value> {
    match what {
        What::Single(whole, info, seen) => {
            vec![merged([describe(name, info, seen), whole.object()])]
        }
        What::Context(whole, objects) => {
            let head = json!({ "name": name, "kind": "context", "objects": objects.len() });
            let within = objects.iter().map(|(info, seen)| {
                let (name, context) = (format!("{name}/{}", info.name), json!({ "context": name }));
                merged([describe(&name, info, seen), context])
            });
            [merged([head, whole.object()])].into_iter().chain(within).collect()
        }
        What::Unmapped(facts) => vec![merged([json!({ "name": name }), unmapped(facts)])],
        What::Refused(reason) => vec![json!({ "name": name, "refused": reason })],
    }
}
