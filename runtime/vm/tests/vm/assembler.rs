//! Plans from text.
//!
//! ```text
//! type Item = { sku: string, quantity: int }
//! error Declined = { reason: string }
//! config region: string = "eu"
//! signal approve drop = { ok: bool }           // `drop` where early ones are dropped
//! report { stage: string }
//! operation charge POST idempotent (body amount: decimal) -> { id: string } raises 402 Declined
//! step charge charge undo refund result          // name, operation, what undoes it and what that takes
//! flow main(order: Order) -> string {
//!   let id: string
//!   call charged charge (amount) (amount)         // operands in the order of the instruction's table
//!  again:                                         // a label
//!   try again..done catch Declined as e at failed scopes 0
//! }
//! pure positive(it: int) -> bool { … }
//! ```
//! Types are written as in the language, maps as `<int>`. Constants stand as literals of their register's type;
//! counts of slots are found; `field dst record name` takes the field's name. Live tables are made.

use std::collections::HashMap;

use flow_plan::op::Builtin;
use flow_plan::{
    Api, ApiId, Balance, Branch, Callee, Case, Catch, Config, ConfigId, Constant, ConstantId, EffectClass,
    ErrorId, ErrorType, FORMAT, Field, Function, FunctionId, Group, GroupId, GroupMode, Handler, InputForm,
    ListId, Literal, Literals, Method, Operation, OperationId, Param, PathPart, Place, Plan, Purity, Reg,
    Register, Response, Setting, Signal, SignalId, Statuses, Step, StepId, Target, Type, TypeId, Types, Undo,
    WorstCase,
};

use crate::assembly::{Operands, instruction};
use crate::tokens::Cursor;
use crate::{catches, forks};

/// The plan of a text.
pub(crate) fn assemble(text: &str) -> Plan {
    Assembler::default().plan(text)
}

/// The id of a function, by name.
pub(crate) fn function(text: &str, name: &str) -> FunctionId {
    let mut assembler = Assembler::default();
    assembler.plan(text);
    FunctionId(assembler.functions.iter().position(|known| known == name).unwrap() as u32)
}

/// The id of a type that the text names.
pub(crate) fn named_type(text: &str, name: &str) -> TypeId {
    let mut assembler = Assembler::default();
    assembler.plan(text);
    assembler.named[name]
}

#[derive(Default)]
struct Assembler {
    types: Vec<Type>,
    named: HashMap<String, TypeId>,
    functions: Vec<String>,
    operations: Vec<String>,
    steps: Vec<String>,
    errors: Vec<String>,
    config: Vec<String>,
    signals: Vec<String>,
    constants: Vec<(TypeId, Constant)>,
    made: Vec<Function>,
}

fn unquote(token: &str) -> String {
    token.trim_matches('"').replace("\\\"", "\"")
}

impl Assembler {
    fn plan(&mut self, text: &str) -> Plan {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        for line in &lines {
            let mut cursor = Cursor::new(line);
            match cursor.next().as_str() {
                "type" => {
                    let name = cursor.next();
                    self.types.push(Type::Null);
                    self.named.insert(name, TypeId(self.types.len() as u32 - 1));
                }
                "flow" | "pure" => self.functions.push(cursor.next()),
                "operation" => self.operations.push(cursor.next()),
                "step" => self.steps.push(cursor.next()),
                "error" => self.errors.push(cursor.next()),
                "config" => self.config.push(cursor.next()),
                "signal" => self.signals.push(cursor.next()),
                _ => {}
            }
        }
        let (mut operations, mut steps, mut errors, mut config) = (vec![], vec![], vec![], vec![]);
        let (mut signals, mut report) = (vec![], None);
        let mut rest = lines.iter();
        while let Some(line) = rest.next() {
            let mut cursor = Cursor::new(line);
            match cursor.next().as_str() {
                "type" => self.define(&mut cursor),
                "error" => {
                    let name = cursor.next();
                    cursor.expect("=");
                    let fields = self.ty(&mut cursor);
                    errors.push(ErrorType { name, fields });
                }
                "config" => {
                    let name = cursor.next();
                    cursor.expect(":");
                    let ty = self.ty(&mut cursor);
                    let default = cursor.eat("=").then(|| cursor.next());
                    let (plain, secret) = match self.types[ty.index()] {
                        Type::Secret(plain) => (plain, true),
                        _ => (ty, false),
                    };
                    config.push(Config {
                        name,
                        ty: plain,
                        default,
                        check: None,
                        secret,
                        pinned: true,
                        fact: None,
                    });
                }
                "signal" => {
                    let (name, drops_early) = (cursor.next(), cursor.eat("drop"));
                    cursor.expect("=");
                    signals.push(Signal { name, ty: self.ty(&mut cursor), drops_early });
                }
                "report" => report = Some(self.ty(&mut cursor)),
                "operation" => operations.push(self.operation(&mut cursor)),
                "step" => steps.push(self.step(&mut cursor)),
                word @ ("flow" | "pure") => {
                    let purity = if word == "flow" { Purity::Flow } else { Purity::Pure };
                    let body: Vec<&str> = rest.by_ref().take_while(|line| **line != "}").copied().collect();
                    let made = self.function(purity, &mut cursor, &body);
                    self.made.push(made);
                }
                word => panic!("no line begins with `{word}`"),
            }
        }
        let entry = self.functions.iter().position(|name| name == "main").unwrap_or(0);
        let main = &self.made[entry];
        let output = main.result;
        let param = |reg: &Reg| main.registers.iter().find(|register| register.slot == *reg).unwrap().ty;
        let params: Vec<TypeId> = main.params.iter().map(param).collect();
        let sole = params.len() == 1 && matches!(self.types[params[0].index()], Type::Record(_));
        let names: Vec<String> = params.iter().enumerate().map(|(index, _)| format!("p{index}")).collect();
        let input = if sole {
            params[0]
        } else {
            let field = |(name, ty): (&String, &TypeId)| field(name, *ty, false, None);
            let fields = names.iter().zip(&params).map(field).collect();
            self.intern(Type::Record(fields))
        };
        Plan {
            format: FORMAT,
            workflow: "main".to_owned(),
            version: 1,
            types: Types(std::mem::take(&mut self.types)),
            constants: std::mem::take(&mut self.constants),
            boundaries: Vec::new(),
            functions: std::mem::take(&mut self.made),
            entry: FunctionId(entry as u32),
            input,
            input_form: if sole { InputForm::Sole } else { InputForm::ByName },
            output,
            config,
            errors,
            apis: vec![Api {
                name: "api".to_owned(),
                version: 1,
                base: vec![Setting::Text("http://localhost".to_owned())],
                balance: Balance::RoundRobin,
                auth: None,
                connect_timeout_us: None,
                rate: None,
                concurrency: None,
                headers: Vec::new(),
            }],
            operations,
            policies: Vec::new(),
            children: Vec::new(),
            steps,
            key: None,
            one_per: None,
            worst: WorstCase::default(),
            escapes: Vec::new(),
            signals,
            report,
        }
    }

    fn intern(&mut self, ty: Type) -> TypeId {
        let index = self.types.iter().position(|known| *known == ty).unwrap_or_else(|| {
            self.types.push(ty);
            self.types.len() - 1
        });
        TypeId(index as u32)
    }

    fn define(&mut self, cursor: &mut Cursor) {
        let name = cursor.next();
        cursor.expect("=");
        let id = self.named[&name];
        let made = if cursor.eat("tagged") { self.tagged(cursor) } else { self.bare(cursor) };
        self.types[id.index()] = made;
    }

    /// `tagged "kind" Created { id: string } | Removed { id: string }`, `open` before it where it is.
    fn tagged(&mut self, cursor: &mut Cursor) -> Type {
        let open = cursor.eat("open");
        let tag = Some(unquote(&cursor.next()));
        let mut cases = Vec::new();
        loop {
            let name = cursor.next();
            let fields = self.ty(cursor);
            cases.push(Case { wire: Literal::String(name.clone()), name, fields });
            if !cursor.eat("|") {
                return Type::Tagged { tag, cases, open };
            }
        }
    }

    fn ty(&mut self, cursor: &mut Cursor) -> TypeId {
        let named = self.named.get(cursor.peek()).copied();
        let mut id = match named {
            Some(id) => {
                cursor.next();
                id
            }
            None => {
                let bare = self.bare(cursor);
                self.intern(bare)
            }
        };
        while cursor.eat("?") {
            id = self.intern(Type::Optional(id));
        }
        id
    }

    fn bare(&mut self, cursor: &mut Cursor) -> Type {
        let word = cursor.next();
        match word.as_str() {
            "null" => Type::Null,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "float" => Type::Float,
            "decimal" => Type::Decimal,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "duration" => Type::Duration,
            "timestamp" => Type::Timestamp,
            "date" => Type::Date,
            "uuid" => Type::Uuid,
            "url" => Type::Url,
            "json" => Type::Json,
            "error" => Type::Error,
            "secret" => Type::Secret(self.ty(cursor)),
            "<" => {
                let value = self.ty(cursor);
                cursor.expect(">");
                Type::Map(value)
            }
            "[" => {
                let item = self.ty(cursor);
                cursor.expect("]");
                Type::List(item)
            }
            "{" => self.record(cursor),
            literal if literal.starts_with('"') => {
                let mut values = vec![Literal::String(unquote(literal))];
                let mut open = false;
                while cursor.eat("|") {
                    if cursor.eat("..") {
                        open = true;
                    } else {
                        values.push(Literal::String(unquote(&cursor.next())));
                    }
                }
                Type::Literals(Literals { values, open })
            }
            other => panic!("no type `{other}`"),
        }
    }

    /// `{ a: int, b?: string?, c as "C": int where positive }`; the fields are put in order.
    fn record(&mut self, cursor: &mut Cursor) -> Type {
        let mut fields = Vec::new();
        while !cursor.eat("}") {
            let name = cursor.next();
            let wire = if cursor.eat("as") { unquote(&cursor.next()) } else { name.clone() };
            let optional = cursor.eat("?");
            cursor.expect(":");
            let ty = self.ty(cursor);
            let check = cursor.eat("where").then(|| self.function_id(&cursor.next()));
            fields.push(Field { wire, ..field(&name, ty, optional, check) });
            cursor.eat(",");
        }
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        Type::Record(fields)
    }

    fn function_id(&self, name: &str) -> FunctionId {
        id(&self.functions, name, FunctionId)
    }

    /// `NAME METHOD CLASS (place name: type, …) -> type | text | ignored`, then `raises 402 E`, `absent 404`,
    /// `done 404`, `unknown_on 500`.
    fn operation(&mut self, cursor: &mut Cursor) -> Operation {
        let name = cursor.next();
        let method = match cursor.next().as_str() {
            "GET" => Method::Get,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            _ => Method::Post,
        };
        let class = match cursor.next().as_str() {
            "safe" => EffectClass::Safe,
            "idempotent" => EffectClass::Idempotent,
            "unsafe" => EffectClass::Unsafe,
            other => panic!("no effect class `{other}`"),
        };
        let mut params = Vec::new();
        let mut path = vec![PathPart::Text(format!("/{name}"))];
        cursor.expect("(");
        while !cursor.eat(")") {
            let place = match cursor.next().as_str() {
                "path" => {
                    path.push(PathPart::Text("/".to_owned()));
                    path.push(PathPart::Param(params.len() as u16));
                    Place::Path
                }
                "query" => Place::Query,
                "header" => Place::Header,
                "body" => Place::Body,
                other => panic!("no place `{other}`"),
            };
            let name = cursor.next();
            cursor.expect(":");
            let ty = self.ty(cursor);
            let check = cursor.eat("where").then(|| self.function_id(&cursor.next()));
            params.push(Param { wire: name.clone(), name, place, ty, check });
            cursor.eat(",");
        }
        cursor.expect("->");
        let response = match cursor.peek() {
            "ignored" => Response::Ignored,
            _ => Response::Body(self.ty(cursor)),
        };
        if response == Response::Ignored {
            cursor.next();
        }
        let (mut raises, mut absent, mut done, mut unknown_on) = (vec![], vec![], vec![], vec![]);
        while !cursor.peek().is_empty() {
            match cursor.next().as_str() {
                "raises" => {
                    let status = Statuses::One(cursor.number());
                    raises.push((status, id(&self.errors, &cursor.next(), ErrorId)));
                }
                "absent" => absent.push(Statuses::One(cursor.number())),
                "done" => done.push(Statuses::One(cursor.number())),
                "unknown_on" => unknown_on.push(Statuses::One(cursor.number())),
                other => panic!("no property `{other}`"),
            }
        }
        Operation {
            api: ApiId(0),
            name,
            method,
            path,
            params,
            response,
            class,
            idempotency: None,
            raises,
            absent,
            done,
            unknown_on,
            confirm: None,
            statuses: vec![],
            rate: None,
            concurrency: None,
            headers: Vec::new(),
            form: flow_plan::RequestForm::default(),
        }
    }

    /// `NAME OPERATION [undo none | irreversible | FUNCTION [result] [cause]]`
    fn step(&mut self, cursor: &mut Cursor) -> Step {
        cursor.next();
        let operation = id(&self.operations, &cursor.next(), OperationId);
        let undo = if cursor.eat("undo") {
            match cursor.next().as_str() {
                "none" => Undo::Nothing,
                "irreversible" => Undo::Irreversible,
                name => Undo::Function {
                    function: self.function_id(name),
                    uses_result: cursor.eat("result"),
                    uses_cause: cursor.eat("cause"),
                },
            }
        } else {
            Undo::Undeclared
        };
        Step { callee: Callee::Operation { operation, timeout_us: 1_000_000, retry: None }, undo }
    }

    fn function(&mut self, purity: Purity, cursor: &mut Cursor, body: &[&str]) -> Function {
        cursor.next();
        let mut body_of = Body {
            assembler: self,
            names: HashMap::new(),
            registers: Vec::new(),
            slots: 0,
            labels: HashMap::new(),
            lists: Vec::new(),
            groups: Vec::new(),
            cursor: Cursor::new(""),
        };
        let mut params = Vec::new();
        cursor.expect("(");
        while !cursor.eat(")") {
            params.push(body_of.declare(cursor));
            cursor.eat(",");
        }
        cursor.expect("->");
        let result = body_of.assembler.ty(cursor);
        let mut place = 0;
        for line in body {
            let mut cursor = Cursor::new(line);
            if cursor.eat("let") {
                while !cursor.peek().is_empty() {
                    body_of.declare(&mut cursor);
                    cursor.eat(",");
                }
            } else if let Some(label) = line.strip_suffix(':') {
                body_of.labels.insert(label.to_owned(), Target(place));
            } else if cursor.peek() != "try" {
                place += 1;
            }
        }
        let (mut code, mut handlers) = (Vec::new(), Vec::new());
        for line in body {
            let mut cursor = Cursor::new(line);
            if cursor.peek() == "let" || line.ends_with(':') {
                continue;
            }
            let word = cursor.next();
            body_of.cursor = cursor;
            if word == "try" {
                let handler = body_of.handler();
                handlers.push(handler);
            } else {
                code.push(instruction(&word, &mut body_of));
                assert_eq!(body_of.cursor.peek(), "", "too much in `{line}`");
            }
        }
        let Body { registers, lists, groups, .. } = body_of;
        let mut made =
            Function { purity, params, result, registers, code, lists, groups, handlers, live: Vec::new() };
        made.live = flow_plan::live_tables(&made);
        made
    }
}

fn field(name: &str, ty: TypeId, optional: bool, check: Option<FunctionId>) -> Field {
    Field { name: name.to_owned(), wire: name.to_owned(), ty, optional, check }
}

fn id<T>(names: &[String], name: &str, make: fn(u32) -> T) -> T {
    let index = names.iter().position(|known| known == name);
    make(index.unwrap_or_else(|| panic!("nothing is named `{name}`")) as u32)
}

struct Body<'a> {
    assembler: &'a mut Assembler,
    names: HashMap<String, Register>,
    registers: Vec<Register>,
    slots: u16,
    labels: HashMap<String, Target>,
    lists: Vec<Vec<Reg>>,
    groups: Vec<Group>,
    cursor: Cursor,
}

impl Body<'_> {
    fn declare(&mut self, cursor: &mut Cursor) -> Reg {
        let name = cursor.next();
        cursor.expect(":");
        let ty = self.assembler.ty(cursor);
        let register = Register { slot: Reg(self.slots), ty };
        self.slots += Types(self.assembler.types.clone()).width(ty);
        self.registers.push(register);
        assert!(self.names.insert(name.clone(), register).is_none(), "`{name}` is declared twice");
        register.slot
    }

    fn named(&self, name: &str) -> Register {
        *self.names.get(name).unwrap_or_else(|| panic!("no register `{name}`"))
    }

    fn width_of(&self, token: usize) -> u16 {
        let register = self.named(&self.cursor.tokens[token]);
        Types(self.assembler.types.clone()).width(register.ty)
    }

    fn label(&mut self) -> Target {
        let name = self.cursor.next();
        *self.labels.get(&name).unwrap_or_else(|| panic!("no label `{name}`"))
    }

    /// `FROM..TO catch WHAT as REGISTER at LABEL [scopes N]`
    fn handler(&mut self) -> Handler {
        let start = self.label();
        self.cursor.expect("..");
        let end = self.label();
        self.cursor.expect("catch");
        let word = self.cursor.next();
        let catches = match word.as_str() {
            "http" => Catch::Http(self.cursor.number(), self.cursor.number()),
            word => catches::plain(word)
                .unwrap_or_else(|| Catch::Error(id(&self.assembler.errors, word, ErrorId))),
        };
        self.cursor.expect("as");
        let name = self.cursor.next();
        let error = self.named(&name).slot;
        self.cursor.expect("at");
        let target = self.label();
        let scopes = if self.cursor.eat("scopes") { self.cursor.number() } else { 0 };
        Handler { start, end, target, error, scopes, catches }
    }

    fn literal(&self, ty: TypeId, token: &str) -> Constant {
        match &self.assembler.types[ty.index()] {
            Type::Bool => Constant::Slot(u64::from(token == "true")),
            Type::Float => Constant::Slot(token.parse::<f64>().unwrap().to_bits()),
            Type::Decimal => Constant::Wide(flow_vm::decimal_slots(token).unwrap()),
            Type::String | Type::Url | Type::Literals(_) => Constant::Text(unquote(token)),
            Type::Bytes => Constant::Bytes(unquote(token).into_bytes()),
            Type::Secret(inner) => self.literal(*inner, token),
            _ => Constant::Slot(token.parse::<i64>().unwrap().cast_unsigned()),
        }
    }
}

impl Operands for Body<'_> {
    fn register(&mut self, _field: &str) -> Reg {
        let name = self.cursor.next();
        self.named(&name).slot
    }

    fn list(&mut self) -> ListId {
        let mut list = Vec::new();
        self.cursor.expect("(");
        while !self.cursor.eat(")") {
            let name = self.cursor.next();
            list.push(self.named(&name).slot);
            self.cursor.eat(",");
        }
        self.lists.push(list);
        ListId(self.lists.len() as u32 - 1)
    }

    fn target(&mut self) -> Target {
        self.label()
    }

    fn constant(&mut self) -> ConstantId {
        let ty = self.named(&self.cursor.tokens[1]).ty;
        let token = self.cursor.next();
        let constant = self.literal(ty, &token);
        self.assembler.constants.push((ty, constant));
        ConstantId(self.assembler.constants.len() as u32 - 1)
    }

    fn ty(&mut self) -> TypeId {
        let mut cursor = std::mem::replace(&mut self.cursor, Cursor::new(""));
        let ty = self.assembler.ty(&mut cursor);
        self.cursor = cursor;
        ty
    }

    fn function(&mut self) -> FunctionId {
        let name = self.cursor.next();
        self.assembler.function_id(&name)
    }

    fn step(&mut self) -> StepId {
        let name = self.cursor.next();
        id(&self.assembler.steps, &name, StepId)
    }

    /// `[settled | shielded | first | some] { field: function(captures), _: function() }`
    fn group(&mut self) -> GroupId {
        let dst = self.named(&self.cursor.tokens[1]).ty;
        let mut branches = Vec::new();
        let mode = forks::mode(self.cursor.peek());
        self.cursor.at += usize::from(mode.is_some());
        self.cursor.expect("{");
        while !self.cursor.eat("}") {
            let name = self.cursor.next();
            self.cursor.expect(":");
            let function = self.function();
            let captures = self.list();
            let field = forks::place(&self.assembler.types[dst.index()], &name);
            branches.push(Branch { field, function, captures });
            self.cursor.eat(",");
        }
        self.groups.push(Group { mode: mode.unwrap_or(GroupMode::All), branches });
        GroupId(self.groups.len() as u32 - 1)
    }

    fn error(&mut self) -> ErrorId {
        let name = self.cursor.next();
        id(&self.assembler.errors, &name, ErrorId)
    }

    fn config(&mut self) -> ConfigId {
        let name = self.cursor.next();
        id(&self.assembler.config, &name, ConfigId)
    }

    fn signal(&mut self) -> SignalId {
        let name = self.cursor.next();
        id(&self.assembler.signals, &name, SignalId)
    }

    fn number(&mut self, mnemonic: &str, field: &str) -> u16 {
        match (mnemonic, field) {
            ("field", "offset") => {
                let record = self.named(&self.cursor.tokens[2]).ty;
                let name = self.cursor.next();
                let types = Types(self.assembler.types.clone());
                let Type::Record(fields) = types.get(types.open_secret(record)) else { panic!("no record") };
                let index = fields.iter().position(|field| field.name == name);
                types.field_offset(fields, index.unwrap_or_else(|| panic!("no field `{name}`")))
            }
            (_, "case") => self.cursor.number(),
            ("some.wide" | "push", _) => self.width_of(2),
            _ => self.width_of(1),
        }
    }

    fn builtin(&mut self) -> Builtin {
        let name = self.cursor.next();
        *Builtin::ALL.iter().find(|builtin| builtin.name() == name).unwrap_or_else(|| panic!("no `{name}`"))
    }
}
