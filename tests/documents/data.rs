//! Blocks that are read by something else than a shell: whether it could.

use serde_json::Value;

use crate::support::schema;

/// JSON; a report is held against the schema.
pub fn json(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    if value.get("schema").is_some() {
        assert_eq!(schema::mistakes(&value), [""; 0], "{text}");
    }
}
