//! Amounts as Kubernetes writes them: `250m`, `1.5`, `1024Mi` (kubernetes.io: "Quantity").

use serde_json::Value;

const SUFFIXES: [(&str, f64); 13] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("", 1.0),
];

/// In CPUs or bytes; nothing where it is no quantity.
pub fn read(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => parse(text),
        _ => None,
    }
}

fn parse(text: &str) -> Option<f64> {
    let (number, factor) = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)))?;
    let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    number.parse::<f64>().ok().filter(|number| is_plain && number.is_finite()).map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_way_to_write_an_amount_is_read() {
        let amounts = [json!("250m"), json!("1.5"), json!(2), json!("1024Mi"), json!("1G"), json!("1e3")];
        let amounts: Vec<f64> = amounts.iter().map(|amount| read(amount).unwrap()).collect();
        assert_eq!(amounts, [0.25, 1.5, 2.0, 1_073_741_824.0, 1e9, 1000.0]);
        for bad in [json!("much"), json!(""), json!("m"), json!(null), json!("inf"), json!("1 Gi")] {
            assert_eq!(read(&bad), None, "{bad}");
        }
    }
}
