//! Parameters of a recipe: declared with a default, set by `--set`, of the default's type and within its range.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::error::{Error, Result, nearest};

/// `seconds = 3`, or `seconds = { default = 3, min = 1, max = 3600, help = "…" }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Declared(Value);

/// Where a setting is wrong, and not in the recipe.
const COMMAND_LINE: &str = "command line";

const KEYS: [&str; 5] = ["default", "help", "max", "min", "one_of"];

impl Declared {
    fn param(self) -> Result<Param> {
        let Value::Object(table) = &self.0 else { return Ok(Param::plain(self.0)) };
        if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Error::usage(format!("there is no key `{key}`")).hint(match nearest(key, KEYS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("possible are: {}", KEYS.join(", ")),
            }));
        }
        serde_json::from_value(self.0).map_err(Error::usage)
    }
}

/// A parameter with what may be set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    pub default: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The only values possible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<Value>,
    /// One line for `labkit show`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
}

impl Param {
    fn plain(default: Value) -> Param {
        Param { default, min: None, max: None, one_of: Vec::new(), help: String::new() }
    }

    /// The value that a text from the command line stands for, of the default's type.
    fn read(&self, text: &str) -> Result<Value> {
        let wrong = |what: &str| Err(Error::usage(format!("`{text}` is not {what}")));
        match &self.default {
            Value::Bool(_) => match text {
                "true" | "yes" | "1" => Ok(Value::Bool(true)),
                "false" | "no" | "0" => Ok(Value::Bool(false)),
                _ => wrong("true or false"),
            },
            Value::Number(number) if number.is_i64() || number.is_u64() => match text.parse::<i64>() {
                Ok(number) => Ok(number.into()),
                Err(_) => wrong("a whole number"),
            },
            Value::Number(_) => match text.parse::<f64>().ok().and_then(Number::from_f64) {
                Some(number) => Ok(number.into()),
                None => wrong("a number"),
            },
            _ => Ok(text.into()),
        }
    }

    fn check(&self, value: &Value) -> Result<()> {
        if !matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_)) {
            return Err(Error::usage("a parameter is a number, a text, true or false")
                .hint("or a table with default, and min, max, one_of, help as needed"));
        }
        if !self.one_of.is_empty() && !self.one_of.contains(value) {
            let possible: Vec<String> = self.one_of.iter().map(Value::to_string).collect();
            return Err(
                Error::usage(format!("{value} is not possible")).hint(format!("possible are: {}", possible.join(", ")))
            );
        }
        let Some(number) = value.as_f64() else { return Ok(()) };
        let (min, max) = (self.min.unwrap_or(f64::NEG_INFINITY), self.max.unwrap_or(f64::INFINITY));
        match (min..=max).contains(&number) {
            true => Ok(()),
            false => Err(Error::usage(format!("{value} is out of range: {}", self.range()))),
        }
    }

    /// The range in words; empty where there is none.
    pub fn range(&self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => self.one_of.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        }
    }
}

/// What was declared, and what the command line set.
#[derive(Debug, Default)]
pub struct Params {
    set: BTreeMap<String, String>,
    pub declared: BTreeMap<String, Param>,
    values: BTreeMap<String, Value>,
}

impl Params {
    /// From the `--set name=value` of the command line.
    pub fn from_settings(settings: &[String]) -> Result<Params> {
        let mut set = BTreeMap::new();
        for setting in settings {
            let Some((name, value)) = setting.split_once('=') else {
                return Err(Error::usage(format!("--set {setting}: no `=` in it")).hint("write --set name=value"));
            };
            if set.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(Error::usage(format!("--set {name}: given twice")));
            }
        }
        Ok(Params { set, ..Params::default() })
    }

    /// Takes the recipe's declaration; an error for a setting that it does not have.
    pub fn declare(&mut self, declared: BTreeMap<String, Declared>) -> Result<()> {
        for (name, declared) in declared {
            let param = declared.param().map_err(|error| error.context(&name))?;
            param.check(&param.default).map_err(|error| error.context(format!("{name}: default")))?;
            let value = match self.set.get(&name) {
                None => param.default.clone(),
                Some(text) => {
                    let value = param.read(text).and_then(|value| param.check(&value).map(|()| value));
                    value.map_err(|error| error.context(format!("--set {name}={text}")).at(COMMAND_LINE))?
                }
            };
            self.values.insert(name.clone(), value);
            self.declared.insert(name, param);
        }
        Ok(())
    }

    /// An error if the command line set what the recipe does not have. Asked before the first effect.
    pub fn refuse_unknown(&self) -> Result<()> {
        match self.set.keys().find(|name| !self.declared.contains_key(*name)) {
            None => Ok(()),
            Some(name) => Err(self.unknown(name).context(format!("--set {name}")).at(COMMAND_LINE)),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<&str> = self.declared.keys().map(String::as_str).collect();
        Error::usage(format!("there is no parameter `{name}`")).hint(match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "this recipe has no parameters".to_owned(),
            None => format!("there are: {}", known.join(", ")),
        })
    }

    pub fn get(&self, name: &str) -> Result<Value> {
        self.values.get(name).cloned().ok_or_else(|| self.unknown(name))
    }

    pub fn values(&self) -> BTreeMap<String, Value> {
        self.values.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(settings: &[&str]) -> Result<Params> {
        let settings: Vec<String> = settings.iter().map(|text| text.to_string()).collect();
        let mut params = Params::from_settings(&settings)?;
        let declared = serde_json::json!({
            "seconds": { "default": 3, "min": 1, "max": 60 },
            "reference": false,
            "shape": { "default": "star", "one_of": ["star", "linear"] },
        });
        params.declare(serde_json::from_value(declared).unwrap())?;
        params.refuse_unknown()?;
        Ok(params)
    }

    fn refusal(setting: &str) -> String {
        params(&[setting]).unwrap_err().to_string()
    }

    #[test]
    fn a_setting_takes_the_type_of_the_default() {
        let params = params(&["seconds=10", "reference=true"]).unwrap();
        assert_eq!(params.get("seconds").unwrap(), 10);
        assert_eq!(params.get("reference").unwrap(), true);
        assert_eq!(params.get("shape").unwrap(), "star");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        assert_eq!(refusal("seconds=ten"), "command line: --set seconds=ten: `ten` is not a whole number");
        assert_eq!(refusal("seconds=0"), "command line: --set seconds=0: 0 is out of range: 1 to 60");
        assert_eq!(refusal("shape=ring"), "command line: --set shape=ring: \"ring\" is not possible");
        assert_eq!(refusal("second=5"), "command line: --set second: there is no parameter `second`");
        assert_eq!(refusal("seconds"), "--set seconds: no `=` in it");
    }
}
