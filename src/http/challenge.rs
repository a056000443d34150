//! What a registry asks of who it does not know (RFC 9110 §11, distribution's token authentication).

/// `WWW-Authenticate: Bearer realm="https://…",service="…",scope="…"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Where a token is had.
    pub realm: String,
    pub service: Option<String>,
    pub scope: Option<String>,
}

impl Challenge {
    /// None where it is of another kind.
    pub fn parse(header: &str) -> Option<Challenge> {
        let (scheme, parameters) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Challenge { realm: String::new(), service: None, scope: None };
        for (name, value) in parameters_of(parameters) {
            match name.to_ascii_lowercase().as_str() {
                "realm" => challenge.realm = value,
                "service" => challenge.service = Some(value),
                "scope" => challenge.scope = Some(value),
                _ => {}
            }
        }
        (!challenge.realm.is_empty()).then_some(challenge)
    }

    /// The address of a token for this.
    pub fn address(&self) -> String {
        let mut address = self.realm.clone();
        for (name, value) in [("service", &self.service), ("scope", &self.scope)] {
            if let Some(value) = value {
                address.push(if address.contains('?') { '&' } else { '?' });
                address += &format!("{name}={}", encoded(value));
            }
        }
        address
    }
}

/// `name="value"` with commas between; a value may hold commas, and quotes behind a backslash.
fn parameters_of(mut text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let name = name.trim_matches([' ', ',', '\t']).to_owned();
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut chars = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, c)) = chars.next() {
                match c {
                    '\\' => value.extend(chars.next().map(|(_, c)| c)),
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    c => value.push(c),
                }
            }
            text = &quoted[end..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            rest[..end].trim().clone_into(&mut value);
            text = &rest[end..];
        }
        all.push((name, value));
    }
    all
}

/// A value in the query of an address (RFC 3986).
fn encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte);
    value.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_leads_to_a_token() {
        let header =
            r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        let challenge = Challenge::parse(header).unwrap();
        assert_eq!(challenge.scope.as_deref(), Some("repository:a/b:pull,push"));
        assert_eq!(
            challenge.address(),
            "https://auth.example/token?service=registry.example&scope=repository:a/b:pull%2Cpush"
        );
        assert_eq!(Challenge::parse("bearer realm=x, error=\"a\\\"b\"").unwrap().address(), "x");
    }

    #[test]
    fn anything_else_is_none() {
        for other in
            ["", "Bearer", "Basic realm=\"x\"", "Bearer scope=\"x\"", "Bearer =", "Bearer realm=\"", "Bearer é=\"é"]
        {
            assert_eq!(Challenge::parse(other).filter(|one| !one.realm.is_empty()), None, "{other}");
        }
    }
}
