//! Which images objects of Kubernetes name.

use std::collections::BTreeSet;

/// Every image that a manifest's YAML names: the values of `image` wherever they stand, in blocks and in braces, and what
/// operators are told by a flag that ends in `-reloader` or `-image` (`--prometheus-config-reloader=quay.io/…`).
pub fn manifest(text: &str) -> BTreeSet<String> {
    text.lines().flat_map(|line| keyed(line).into_iter().chain(flagged(line))).collect()
}

/// Of a line that is no comment.
fn keyed(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    if line.trim_start().starts_with('#') {
        return found;
    }
    for (at, _) in line.match_indices("image") {
        let before = line[..at].chars().next_back();
        let rest = line[at + "image".len()..].trim_start_matches(['"', '\'']);
        let is_key = before.is_none_or(|c| c.is_whitespace() || "{,\"'".contains(c));
        if let Some(value) = rest.strip_prefix(':').filter(|value| is_key && value.starts_with([' ', '\t'])) {
            found.extend(word(value));
        }
    }
    found
}

fn flagged(line: &str) -> Option<String> {
    let flag = line.split("--").nth(1)?;
    let (name, value) = flag.split_once('=')?;
    (name.ends_with("-reloader") || name.ends_with("-image")).then(|| word(value)).flatten()
}

/// The first word of a value, without its quotes; none that is filled in later.
fn word(value: &str) -> Option<String> {
    let value = value.trim_start();
    let end = |c: char| c.is_whitespace() || ",}\"'".contains(c);
    let word = value.trim_start_matches(['"', '\'']).split(end).next().unwrap_or_default();
    let is_one = !word.is_empty() && !word.starts_with(['{', '[', '&', '*', '|', '>', '#', '$']);
    is_one.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_found_wherever_it_stands() {
        let text = "spec:\n  containers:\n  - image: docker.io/calico/node:v3.30.7 # pinned\n    name: x\n  - name: y\n    \
                    image: \"quay.io/a/b@sha256:00\"\n  #   image: no/comment:1\n  - { name: z, 'image': c:2, imagePullPolicy: Always }\n\
                    args:\n  - --prometheus-config-reloader=quay.io/p/r:v1\n  - --image-pull=no\nimage:\n  repository: none\n\
                    preimage: none:1\nimages: none:2\n";
        let found: Vec<String> = manifest(text).into_iter().collect();
        assert_eq!(found, ["c:2", "docker.io/calico/node:v3.30.7", "quay.io/a/b@sha256:00", "quay.io/p/r:v1"]);
    }
}
