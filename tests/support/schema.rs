//! The JSON Schema of the reports, read strictly.
//!
//! As it is published it lets fields be added, as a reader has to. The project itself must not add one without
//! saying so there: here every object has exactly the fields that are written down.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// Compiled once, as every report of every test passes it.
static STRICT: LazyLock<Validator> = LazyLock::new(|| {
    let mut schema = published();
    close(&mut schema);
    jsonschema::draft202012::new(&schema).unwrap()
});

/// As it stands in `docs`.
pub fn published() -> Value {
    serde_json::from_str(include_str!("../../docs/json.schema.json")).unwrap()
}

/// What is wrong with a report; nothing is wrong with one that has all fields and no others.
pub fn mistakes(report: &Value) -> Vec<String> {
    STRICT.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Lets no field be added.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("properties").is_some_and(Value::is_object) {
                members.insert("additionalProperties".to_owned(), false.into());
            }
            members.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
