//! The description of a dialect as OpenAPI 3.1, made from the table of its routes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::{HttpMethod, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Info, Object, OpenApiBuilder, PathsBuilder, RefOr, Required, SecurityRequirement, Server, Type,
};

use crate::dialects::{self, Description, Dialect};
use crate::http::{Needs, Route};

/// The description of a dialect by its name, as JSON.
pub fn openapi(name: &str) -> Option<Value> {
    let Dialect { name, title, routes, description, .. } = dialects::by_name(name)?;
    Some(document(name, title, &routes, description))
}

/// The description of a dialect where its bare paths are its own: with them.
pub(super) fn bare(name: &str, title: &str, routes: &[Route], description: Description) -> Value {
    let mut document = document(name, title, routes, Some(description));
    document["servers"] = json!([{ "url": "/" }]);
    document
}

/// The description of a dialect.
pub(super) fn document(name: &str, title: &str, routes: &[Route], description: Option<Description>) -> Value {
    let mut paths = PathsBuilder::new();
    let mut schemas = BTreeMap::new();
    for route in routes {
        let Some(method) = method(route) else { continue };
        paths = paths.path(route.pattern.replace("{*", "{"), PathItem::new(method, operation(route)));
        schemas.extend(route.schemas.iter().cloned());
    }
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme("token", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()))
        .security_scheme("key", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-API-KEY"))));
    let info = Info::new(title, env!("CARGO_PKG_VERSION"));
    let own = routes.iter().all(|route| route.pattern.starts_with(&format!("/{name}/")));
    let server = if own { "/".to_owned() } else { format!("/{name}") };
    let open_api = OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .servers(Some([Server::new(server)]));
    let mut document = serde_json::to_value(open_api.build()).unwrap_or_else(|error| {
        tracing::error!(%error, dialect = name, "the description cannot be written");
        json!({})
    });
    if let Some(description) = description {
        (description.complete)(&mut document);
    }
    document
}

fn operation(route: &Route) -> utoipa::openapi::path::Operation {
    let mut operation = route.operation.clone();
    let known: Vec<String> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) => Some(parameter.name.clone()),
            RefOr::Ref(_) => None,
        })
        .collect();
    for name in parameters(route.pattern).filter(|name| !known.iter().any(|known| known == name)) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(Object::with_type(Type::String)))
            .build();
        operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    }
    operation.security = (route.needs != Needs::Nothing).then(|| {
        let none: [String; 0] = [];
        // Without a token the server may let programs of its machine in.
        vec![SecurityRequirement::new("token", none.clone()), SecurityRequirement::new("key", none)]
    });
    if operation.responses.responses.is_empty() {
        let response = utoipa::openapi::ResponseBuilder::new().description("The answer").build();
        operation.responses.responses.insert("200".to_owned(), RefOr::T(response));
    }
    operation
}

/// The names of the parameters of a pattern.
fn parameters(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.strip_prefix('*').unwrap_or(name))
    })
}

fn method(route: &Route) -> Option<HttpMethod> {
    match route.method.as_str() {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "DELETE" => Some(HttpMethod::Delete),
        "PATCH" => Some(HttpMethod::Patch),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described() {
        let routes = [
            Route::get("/a/{id}/{*rest}", || async {}).about("Reads it").needs(Needs::Nothing),
            Route::post("/a/{id}/{*rest}", || async {}).about("Writes it").query("mode", "How", false),
        ];
        let document = document("one", "One", &routes, None);
        assert_eq!((&document["openapi"], &document["servers"]), (&json!("3.1.0"), &json!([{"url": "/one"}])));
        let item = &document["paths"]["/a/{id}/{rest}"];
        assert_eq!((&item["get"]["summary"], &item["post"]["summary"]), (&json!("Reads it"), &json!("Writes it")));
        let names = |method: &str| {
            let parameters = item[method]["parameters"].as_array().unwrap();
            parameters.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            (names("get"), names("post")),
            (vec!["id".into(), "rest".into()], vec!["mode".into(), "id".into(), "rest".into()])
        );
        assert_eq!((&item["get"]["security"], &item["post"]["security"][0]), (&Value::Null, &json!({"token": []})));
    }
}
