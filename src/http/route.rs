//! Routes as plain tables: where, what answers, and what describes it. One registration is the router, the list of
//! `--print-routes` and the OpenAPI document.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::request::Parts;
use http::{Method, StatusCode};
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::{Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::Door;

/// What a caller must be to be let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Needs {
    /// Anybody: health and the like, which tell nothing.
    Nothing,
    /// A known caller.
    #[default]
    Caller,
    /// A caller who may administer the house.
    Admin,
}

/// What a request looks like, where routes of two APIs stand on one method and path.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    /// Its head.
    pub head: &'a Parts,
    /// Its body; empty where its method has none.
    pub body: &'a [u8],
}

/// Which of two routes on one method and path a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// The one that was asked.
    This,
    /// The other.
    Other,
    /// It cannot be told: the answer has the fields of both.
    Both,
}

/// Routes of one API, in the order of its documentation.
pub type Routes = Vec<Route>;

/// One route.
#[derive(Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for a segment and `{*name}` for the rest.
    pub pattern: &'static str,
    /// Who is let through.
    pub needs: Needs,
    /// Whether pages of every origin may call it, under every name of the server: what it may do is proven by its address
    /// alone, such as by a signature.
    pub open_to_all_origins: bool,
    /// Which requests mean it where another API has a route on the same method and path; absent = all of which the
    /// other does not say that they mean the other one.
    pub meant: Option<fn(&Shape<'_>) -> Meant>,
    /// What answers.
    pub handler: MethodRouter<Door>,
    /// What describes it.
    pub operation: Operation,
    /// Schemas that the description names: (name, schema).
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Route {
    fn new<H, T>(method: Method, filter: MethodFilter, pattern: &'static str, handler: H) -> Self
    where
        H: Handler<T, Door>,
        T: 'static,
    {
        let operation = OperationBuilder::new().build();
        let handler = on(filter, handler);
        let (needs, schemas) = (Needs::Caller, Vec::new());
        Self { method, pattern, needs, open_to_all_origins: false, meant: None, handler, operation, schemas }
    }

    /// A route for GET, and with it HEAD.
    pub fn get<H: Handler<T, Door>, T: 'static>(pattern: &'static str, handler: H) -> Self {
        Self::new(Method::GET, MethodFilter::GET, pattern, handler)
    }

    /// A route for POST.
    pub fn post<H: Handler<T, Door>, T: 'static>(pattern: &'static str, handler: H) -> Self {
        Self::new(Method::POST, MethodFilter::POST, pattern, handler)
    }

    /// A route for PUT.
    pub fn put<H: Handler<T, Door>, T: 'static>(pattern: &'static str, handler: H) -> Self {
        Self::new(Method::PUT, MethodFilter::PUT, pattern, handler)
    }

    /// A route for PATCH.
    pub fn patch<H: Handler<T, Door>, T: 'static>(pattern: &'static str, handler: H) -> Self {
        Self::new(Method::PATCH, MethodFilter::PATCH, pattern, handler)
    }

    /// A route for DELETE.
    pub fn delete<H: Handler<T, Door>, T: 'static>(pattern: &'static str, handler: H) -> Self {
        Self::new(Method::DELETE, MethodFilter::DELETE, pattern, handler)
    }

    /// What it is for, in one line.
    #[must_use]
    pub fn about(mut self, summary: &str) -> Self {
        self.operation.summary = Some(summary.to_owned());
        self
    }

    /// Who is let through; without this, a known caller.
    #[must_use]
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs = needs;
        self
    }

    /// Lets pages of every origin call it, under every name of the server. Only for what needs nothing of its caller, and
    /// proves by its address what it may do.
    #[must_use]
    pub fn open_to_all_origins(mut self) -> Self {
        self.open_to_all_origins = true;
        self
    }

    /// Which requests mean it, where another API has a route on the same method and path.
    #[must_use]
    pub fn meant(mut self, meant: fn(&Shape<'_>) -> Meant) -> Self {
        self.meant = Some(meant);
        self
    }

    /// Its name in programs that are made of the description, and the chapter that it stands in.
    #[must_use]
    pub fn named_in(mut self, chapter: &str, id: &str) -> Self {
        self.operation.tags = Some(vec![chapter.to_owned()]);
        self.operation.operation_id = Some(id.to_owned());
        self
    }

    /// More of what it is for, in sentences.
    #[must_use]
    pub fn explained(mut self, description: &str) -> Self {
        self.operation.description = Some(description.to_owned());
        self
    }

    /// A text in the query of the address.
    #[must_use]
    pub fn query(self, name: &str, about: &str, required: bool) -> Self {
        self.query_of(name, about, required, Object::with_type(Type::String))
    }

    /// A value in the query of the address, of which a schema says what it may be.
    #[must_use]
    pub fn query_of(mut self, name: &str, about: &str, required: bool, schema: impl Into<RefOr<Schema>>) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(if required { Required::True } else { Required::False })
            .description(Some(about))
            .schema(Some(schema))
            .build();
        self.operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
        self
    }

    /// The JSON body that it takes.
    #[must_use]
    pub fn takes<T: ToSchema>(mut self) -> Self {
        let content = ContentBuilder::new().schema(Some(self.named::<T>())).build();
        self.operation.request_body = Some(RefOr::T(RequestBodyBuilder::new().content("application/json", content).build()));
        self
    }

    /// The form that it takes, as `multipart/form-data`.
    #[must_use]
    pub fn takes_form<T: ToSchema>(mut self) -> Self {
        let content = ContentBuilder::new().schema(Some(self.named::<T>())).build();
        let body = RequestBodyBuilder::new().content("multipart/form-data", content).required(Some(Required::True)).build();
        self.operation.request_body = Some(RefOr::T(body));
        self
    }

    /// A JSON answer.
    #[must_use]
    pub fn gives<T: ToSchema>(mut self, status: StatusCode, about: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(self.named::<T>())).build();
        self.answer(status, "application/json", content, about)
    }

    /// An answer of another kind, such as `text/event-stream`.
    #[must_use]
    pub fn gives_media(self, status: StatusCode, media_type: &str, about: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(Object::with_type(Type::String))).build();
        self.answer(status, media_type, content, about)
    }

    /// An answer without a body.
    #[must_use]
    pub fn gives_nothing(mut self, status: StatusCode, about: &str) -> Self {
        let response = ResponseBuilder::new().description(about).build();
        self.operation.responses.responses.insert(status.as_str().to_owned(), RefOr::T(response));
        self
    }

    /// Of two answers of one status that are of different kinds, a request says which it wants.
    fn answer(mut self, status: StatusCode, media_type: &str, content: Content, about: &str) -> Self {
        let responses = &mut self.operation.responses.responses;
        if let Some(RefOr::T(known)) = responses.get_mut(status.as_str()).filter(|_| media_type != "application/json") {
            known.content.insert(media_type.to_owned(), RefOr::T(content));
            return self;
        }
        let response = ResponseBuilder::new().description(about).content(media_type, content).build();
        responses.insert(status.as_str().to_owned(), RefOr::T(response));
        self
    }

    fn named<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        if !self.schemas.iter().any(|(known, _)| *known == name) {
            self.schemas.push((name.clone(), <T as PartialSchema>::schema()));
            T::schemas(&mut self.schemas);
        }
        RefOr::Ref(utoipa::openapi::Ref::from_schema_name(name))
    }
}
