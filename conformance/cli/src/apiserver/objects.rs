//! Creates the objects that a server begins with, as an administrator would.

use super::manifest::Manifest;
use crate::failure::Failure;
use anyhow::anyhow;
use bytes::Bytes;
use fulcrum_apiserver::ApiServer;
use fulcrum_apiserver::auth::User;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use std::time::Duration;

/// How long a definition may take until its kind is served.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Creates them in their order. What is there already stays as it is.
pub(super) async fn create(server: &ApiServer, manifests: &[Manifest]) -> Result<(), Failure> {
    for manifest in manifests {
        one(server, manifest).await.map_err(|why| {
            let (file, title) = (&manifest.file, manifest.title());
            Failure::bad_input(anyhow!("create {title} of {file}: {why}"))
        })?;
    }
    Ok(())
}

async fn one(server: &ApiServer, manifest: &Manifest) -> Result<(), String> {
    let collection = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(path) = collection(server, manifest).await {
                return path;
            }
            tokio::time::sleep(PAUSE).await;
        }
    });
    let collection = collection.await.map_err(|_| {
        format!("no kind {} of {} is served", manifest.text("/kind"), manifest.text("/apiVersion"))
    })?;
    let body = manifest.object.to_string();
    let path = format!("{collection}?fieldManager=fulcrum");
    let (code, answer) = ask(server, Method::POST, &path, body).await?;
    if !matches!(code, 201 | 409) {
        // The reason of a refusal may quote the object.
        let field = if manifest.text("/kind") == "Secret" { "reason" } else { "message" };
        return Err(answer[field].as_str().unwrap_or("refused").to_owned());
    }
    if !manifest.is_definition() {
        return Ok(());
    }
    let path = format!("{collection}/{}", manifest.text("/metadata/name"));
    let established = async {
        while !is_established(&ask(server, Method::GET, &path, String::new()).await?.1) {
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    };
    let waited = tokio::time::timeout(PATIENCE, established).await;
    waited.map_err(|_| "it is not established; its names may be taken".to_owned())?
}

/// The path at which objects of its kind are created, if the kind is served.
async fn collection(server: &ApiServer, manifest: &Manifest) -> Option<String> {
    let version = manifest.text("/apiVersion");
    let root = if version.contains('/') { "apis" } else { "api" };
    let path = format!("/{root}/{version}");
    let (_, served) = ask(server, Method::GET, &path, String::new()).await.ok()?;
    let resource = served["resources"].as_array()?.iter().find(|resource| {
        let name = resource["name"].as_str().unwrap_or_default();
        resource["kind"] == manifest.text("/kind") && !name.contains('/')
    })?;
    let plural = resource["name"].as_str()?;
    if resource["namespaced"] != true {
        return Some(format!("{path}/{plural}"));
    }
    let namespace = match manifest.text("/metadata/namespace") {
        "" => "default",
        namespace => namespace,
    };
    Some(format!("{path}/namespaces/{namespace}/{plural}"))
}

fn is_established(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

/// The code and the body of an answer.
async fn ask(
    server: &ApiServer,
    method: Method,
    path: &str,
    body: String,
) -> Result<(u16, Value), String> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("user-agent", "fulcrum")
        .body(Bytes::from(body))
        .map_err(|error| error.to_string())?;
    let answer = server.handle_as(&User::admin(), request).await;
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    Ok((code, serde_json::from_slice(&body).unwrap_or_default()))
}
