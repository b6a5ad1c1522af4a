use serde_json::json;

use super::{
    Accepted, Form, Shape, accept, decode, duplicates, encode, status_form, summary, write,
};

const CLIENT_GO: &str = "application/vnd.kubernetes.protobuf,application/json";
const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";

fn message(header: &str, custom: bool) -> String {
    accept(Some(header), custom, true).unwrap_err().message
}

#[test]
fn the_first_that_works() {
    let form = |header, custom| accept(Some(header), custom, true).map(|accepted| accepted.form);
    assert_eq!(accept(None, false, true), Ok(Accepted::default()));
    assert_eq!(form(CLIENT_GO, false), Ok(Form::Protobuf));
    assert_eq!(form(CLIENT_GO, true), Ok(Form::Json));
    assert_eq!(form("application/json;q=0.1, application/yaml", false), Ok(Form::Yaml));
    assert_eq!(form("*/*, application/yaml", true), Ok(Form::Yaml));
    assert_eq!(form("application/*", true), Ok(Form::Json));
    assert_eq!(form("application/json;stream=watch", false), Ok(Form::Json));
}

#[test]
fn nothing_that_works() {
    let router = "406: Not Acceptable\n\nAvailable representations: ";
    assert!(message("text/html", false).starts_with(router));
    assert!(message("application/*", false).starts_with(router));
    let negotiator = "only the following media types are accepted: ";
    assert!(message("text/html", true).starts_with(negotiator));
    let old = TABLE.replace("v=v1", "v=v9");
    assert!(message(&old, false).starts_with(negotiator));
    assert!(message("application/yaml;stream=watch", true).starts_with(negotiator));
}

#[test]
fn shapes() {
    let shape = |header: &str, reads| accept(Some(header), true, reads).map(|a| a.shape);
    assert_eq!(shape(TABLE, true), Ok(Shape::Table));
    assert_eq!(shape(TABLE, false), Ok(Shape::Object));
    let partial = TABLE.replace("Table", "PartialObjectMetadata");
    assert_eq!(shape(&partial, false), Ok(Shape::Partial));
    let either = TABLE.replace("v=v1", "v=v9") + ",application/json";
    assert_eq!(shape(&either, true), Ok(Shape::Object));
}

#[test]
fn a_failure_has_a_form_of_its_own() {
    assert_eq!(status_form(None), Form::Json);
    assert_eq!(status_form(Some(CLIENT_GO)), Form::Protobuf);
    assert_eq!(status_form(Some(TABLE)), Form::Json);
    assert_eq!(status_form(Some("text/html")), Form::Json);
}

#[test]
fn bodies_that_are_none() {
    let error = |body: &str| {
        let status = decode(None, body.as_bytes(), false).unwrap_err();
        status.message.replace("couldn't get version/kind; json parse error: ", "")
    };
    assert_eq!(decode(Some("text/plain"), b"", false), Ok(None));
    assert_eq!(decode(None, b"null", true), Ok(Some(json!(null))));
    assert_eq!(decode(Some("text/plain"), b"x", false).unwrap_err().code, 415);
    assert_eq!(
        error("[]"),
        "json: cannot unmarshal array into Go value of type struct { APIVersion string \
         \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }"
    );
    assert_eq!(
        error("{\"kind\":1}"),
        "json: cannot unmarshal number into Go struct field .kind of type string"
    );
    assert_eq!(error("{"), "unexpected end of JSON input");
    assert_eq!(error("{a"), "invalid character 'a' looking for beginning of object key string");
    assert_eq!(error("[1 2]"), "invalid character '2' after array element");
    assert_eq!(error("{} x"), "invalid character 'x' after top-level value");
    assert_eq!(error("nul!"), "invalid character '!' in literal null (expecting 'l')");
    assert_eq!(error("\"\\x\""), "invalid character 'x' in string escape code");
    assert_eq!(error("-a"), "invalid character 'a' in numeric literal");
    assert_eq!(error(&"[".repeat(500)), "exceeded max depth");
}

#[test]
fn numbers_are_those_of_go() {
    let body = br#"{"big":18446744073709551615,"float":1.0,"small":0.0000001,"whole":-1}"#;
    let value = decode(None, body, true).unwrap().unwrap();
    assert!(value["big"].is_f64() && value["float"].is_f64());
    assert_eq!(
        encode(Form::Json, &value),
        b"{\"big\":18446744073709552000,\"float\":1,\"small\":1e-7,\"whole\":-1}\n"
    );
    assert_eq!(
        encode(Form::Json, &json!([1e21, "<\n\u{1}é"])),
        "[1e+21,\"\\u003c\\n\\u0001é\"]\n".as_bytes()
    );
}

#[test]
fn fields_that_stand_twice() {
    let body = br#"{"a":{"b":1,"b":[{"c":1,"c":2},{"c":1,"c":2}]},"a":{"b":1,"b":2}}"#;
    assert_eq!(
        duplicates(None, body),
        [
            "duplicate field \"a.b\"",
            "duplicate field \"a.b[0].c\"",
            "duplicate field \"a.b[1].c\"",
            "duplicate field \"a\"",
        ]
    );
    assert_eq!(
        duplicates(Some("application/yaml"), b"a: 1\nb: 2\na: 3\n"),
        ["yaml: unmarshal errors:\n  line 3: key \"a\" already set in map"]
    );
}

#[test]
fn a_body_is_shown_short() {
    assert_eq!(summary(b""), "<empty>");
    assert_eq!(summary(b"[]"), "5b5d");
    assert_eq!(summary(&[b'{'; 31]), format!("{} ...", "{".repeat(30)));
}

#[test]
fn a_kind_without_protobuf_is_written_as_json() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod"});
    assert_eq!(write(Form::Protobuf, &pod).0, "application/json");
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap"});
    assert_eq!(write(Form::Protobuf, &map).0, "application/vnd.kubernetes.protobuf");
}
