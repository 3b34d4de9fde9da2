//! Plans by hand: the order example's APIs, and whatever else a test needs.

use std::sync::Arc;

use flow_plan::{
    Api, ApiId, Balance, Constant, ConstantId, EffectClass, ErrorId, ErrorType, FORMAT, Field, Function,
    FunctionId, Idempotency, InputForm, ListId, Literal, Literals, Method, Op, Operation, Param, PathPart,
    Place, Plan, Purity, Reg, Register, Response, Setting, Type, TypeId, Types, WorstCase, op::Builtin,
};
use flow_vm::Program;

/// Builds a plan whose workflow does nothing and whose operations are what a test asks for.
pub struct Plans {
    pub plan: Plan,
}

impl Plans {
    pub fn new() -> Self {
        let null = TypeId(0);
        let nothing = TypeId(1);
        let entry = Function {
            purity: Purity::Flow,
            params: Vec::new(),
            result: null,
            registers: vec![Register { slot: Reg(0), ty: null }],
            code: vec![Op::Null { dst: Reg(0), slots: 1 }, Op::Return { src: Reg(0) }],
            lists: Vec::new(),
            groups: Vec::new(),
            handlers: Vec::new(),
            live: Vec::new(),
        };
        let plan = Plan {
            format: FORMAT,
            workflow: "nothing".into(),
            version: 1,
            types: Types(vec![Type::Null, Type::Record(Vec::new())]),
            boundaries: Vec::new(),
            constants: Vec::new(),
            functions: vec![entry],
            entry: FunctionId(0),
            input: nothing,
            input_form: InputForm::ByName,
            output: null,
            config: Vec::new(),
            errors: Vec::new(),
            apis: Vec::new(),
            operations: Vec::new(),
            policies: Vec::new(),
            children: Vec::new(),
            steps: Vec::new(),
            key: None,
            one_per: None,
            worst: WorstCase::default(),
            escapes: Vec::new(),
            signals: Vec::new(),
            report: None,
        };
        Self { plan }
    }

    pub fn load(self) -> Arc<Program> {
        Arc::new(Program::load(self.plan).unwrap())
    }

    /// A type, each once.
    pub fn ty(&mut self, ty: Type) -> TypeId {
        let types = &mut self.plan.types.0;
        let index = types.iter().position(|known| *known == ty).unwrap_or_else(|| {
            types.push(ty);
            types.len() - 1
        });
        TypeId(u32::try_from(index).unwrap())
    }

    pub fn optional(&mut self, inner: TypeId) -> TypeId {
        self.ty(Type::Optional(inner))
    }

    pub fn list(&mut self, item: TypeId) -> TypeId {
        self.ty(Type::List(item))
    }

    pub fn literals(&mut self, texts: &[&str]) -> TypeId {
        let values = texts.iter().map(|text| Literal::String((*text).into())).collect();
        self.ty(Type::Literals(Literals { values, open: false }))
    }

    /// A record; `name?` may be absent.
    pub fn record(&mut self, fields: &[(&str, TypeId)]) -> TypeId {
        let fields = fields.iter().map(|(name, ty)| (*name, *ty, None)).collect::<Vec<_>>();
        self.checked_record(&fields)
    }

    /// A record with conditions.
    pub fn checked_record(&mut self, fields: &[(&str, TypeId, Option<FunctionId>)]) -> TypeId {
        let mut fields: Vec<Field> = fields
            .iter()
            .map(|(name, ty, check)| {
                let optional = name.ends_with('?');
                let name = name.trim_end_matches('?').to_owned();
                Field { wire: name.clone(), name, ty: *ty, optional, check: *check }
            })
            .collect();
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        self.ty(Type::Record(fields))
    }

    pub fn error(&mut self, name: &str, fields: TypeId) -> ErrorId {
        self.plan.errors.push(ErrorType { name: name.into(), fields });
        ErrorId(u32::try_from(self.plan.errors.len()).unwrap() - 1)
    }

    pub fn constant(&mut self, ty: TypeId, constant: Constant) -> ConstantId {
        self.plan.constants.push((ty, constant));
        ConstantId(u32::try_from(self.plan.constants.len()).unwrap() - 1)
    }

    /// A pure function of one argument that gives a bool. Its registers follow each other, the argument first
    /// and the answer last.
    pub fn condition(&mut self, registers: &[TypeId], code: Vec<Op>, lists: Vec<Vec<Reg>>) -> FunctionId {
        let bool = self.ty(Type::Bool);
        let mut slot = 0;
        let registers = registers
            .iter()
            .chain([&bool])
            .map(|ty| {
                let register = Register { slot: Reg(slot), ty: *ty };
                slot += self.plan.types.width(*ty);
                register
            })
            .collect();
        self.plan.functions.push(Function {
            purity: Purity::Pure,
            params: vec![Reg(0)],
            result: bool,
            registers,
            code,
            lists,
            groups: Vec::new(),
            handlers: Vec::new(),
            live: Vec::new(),
        });
        FunctionId(u32::try_from(self.plan.functions.len()).unwrap() - 1)
    }

    /// `it > number`.
    pub fn int_above(&mut self, number: i64) -> FunctionId {
        let int = self.ty(Type::Int);
        let constant = self.constant(int, Constant::Slot(number.cast_unsigned()));
        let (it, bound, answer) = (Reg(0), Reg(1), Reg(2));
        let code = vec![
            Op::Const { dst: bound, constant },
            Op::LtInt { dst: answer, a: bound, b: it },
            Op::Return { src: answer },
        ];
        self.condition(&[int, int], code, Vec::new())
    }

    /// `it.size() == number`, of a text.
    pub fn text_of_size(&mut self, number: i64) -> FunctionId {
        let (text, int) = (self.ty(Type::String), self.ty(Type::Int));
        let constant = self.constant(int, Constant::Slot(number.cast_unsigned()));
        let (it, size, bound, answer) = (Reg(0), Reg(1), Reg(2), Reg(3));
        let code = vec![
            Op::Library { dst: size, builtin: Builtin::TextSize, args: ListId(0) },
            Op::Const { dst: bound, constant },
            Op::EqInt { dst: answer, a: size, b: bound },
            Op::Return { src: answer },
        ];
        self.condition(&[text, int, int], code, vec![vec![it]])
    }

    /// `it.starts_with(text)`.
    pub fn text_after(&mut self, prefix: &str) -> FunctionId {
        let text = self.ty(Type::String);
        let constant = self.constant(text, Constant::Text(prefix.into()));
        let (it, known, answer) = (Reg(0), Reg(1), Reg(2));
        let code = vec![
            Op::Const { dst: known, constant },
            Op::Library { dst: answer, builtin: Builtin::TextStartsWith, args: ListId(0) },
            Op::Return { src: answer },
        ];
        self.condition(&[text, text], code, vec![vec![it, known]])
    }

    /// `it.size() > number`, of a list.
    pub fn list_above(&mut self, list: TypeId, number: i64) -> FunctionId {
        let int = self.ty(Type::Int);
        let constant = self.constant(int, Constant::Slot(number.cast_unsigned()));
        let (it, size, bound, answer) = (Reg(0), Reg(1), Reg(2), Reg(3));
        let code = vec![
            Op::Len { dst: size, list: it },
            Op::Const { dst: bound, constant },
            Op::LtInt { dst: answer, a: bound, b: size },
            Op::Return { src: answer },
        ];
        self.condition(&[list, int, int], code, Vec::new())
    }

    pub fn api(&mut self, name: &str, version: u32) -> ApiId {
        self.plan.apis.push(Api {
            name: name.into(),
            version,
            base: vec![Setting::Text("http://127.0.0.1:1".into())],
            balance: Balance::RoundRobin,
            auth: None,
            connect_timeout_us: None,
            rate: None,
            concurrency: None,
            headers: Vec::new(),
        });
        ApiId(u32::try_from(self.plan.apis.len()).unwrap() - 1)
    }

    /// An operation: `post charge /payments/{id}`. Path parameters are strings.
    pub fn operation(&mut self, api: ApiId, head: &str, response: Option<TypeId>) -> &mut Operation {
        let string = self.ty(Type::String);
        let words: Vec<&str> = head.split(' ').collect();
        let [method, name, template] = words[..] else { panic!("{head}") };
        let method = match method {
            "get" => Method::Get,
            "head" => Method::Head,
            "put" => Method::Put,
            "delete" => Method::Delete,
            "post" => Method::Post,
            "patch" => Method::Patch,
            other => panic!("{other}"),
        };
        let mut params = Vec::new();
        let mut path = Vec::new();
        for (index, piece) in template.split(['{', '}']).enumerate().filter(|(_, piece)| !piece.is_empty()) {
            if index % 2 == 0 {
                path.push(PathPart::Text(piece.into()));
            } else {
                path.push(PathPart::Param(u16::try_from(params.len()).unwrap()));
                params.push(param(piece, Place::Path, string));
            }
        }
        let class = match method {
            Method::Get | Method::Head | Method::Options => EffectClass::Safe,
            Method::Put | Method::Delete => EffectClass::Idempotent,
            Method::Post | Method::Patch => EffectClass::Unsafe,
        };
        self.plan.operations.push(Operation {
            api,
            name: name.into(),
            method,
            path,
            params,
            response: response.map_or(Response::Ignored, Response::Body),
            class,
            idempotency: None,
            raises: Vec::new(),
            absent: Vec::new(),
            done: Vec::new(),
            unknown_on: Vec::new(),
            confirm: None,
            statuses: Vec::new(),
            rate: None,
            concurrency: None,
            headers: Vec::new(),
            form: flow_plan::RequestForm::default(),
        });
        self.plan.operations.last_mut().unwrap()
    }
}

pub fn param(name: &str, place: Place, ty: TypeId) -> Param {
    Param { name: name.into(), wire: name.into(), place, ty, check: None }
}

/// Lets an operation take a key.
pub fn keyed(operation: &mut Operation) -> &mut Operation {
    operation.idempotency = Some(Idempotency::Header("Idempotency-Key".into()));
    operation.class = EffectClass::Idempotent;
    operation
}

/// The APIs of the order example.
pub fn order_example() -> Arc<Program> {
    let mut plans = Plans::new();
    let (string, int, decimal, bool) =
        (plans.ty(Type::String), plans.ty(Type::Int), plans.ty(Type::Decimal), plans.ty(Type::Bool));
    let positive = plans.int_above(0);
    let item = plans.checked_record(&[
        ("sku", string, None),
        ("quantity", int, Some(positive)),
        ("price", decimal, None),
    ]);
    let items = plans.list(item);
    let order = plans.record(&[("id", string), ("customer", string), ("items", items)]);
    let checked = plans.record(&[("valid", bool), ("total", decimal)]);
    let made = plans.record(&[("id", string)]);
    let kind = plans.literals(&["card", "bank"]);
    let method = plans.record(&[("kind", kind)]);
    let charge = plans.record(&[("order", string), ("amount", decimal)]);
    let code = plans.optional(int);
    let declined_fields = plans.record(&[("reason", string), ("code", code)]);
    let declined = plans.error("Declined", declined_fields);
    let sku = plans.record(&[("sku", string)]);
    let out_of_stock = plans.error("OutOfStock", sku);

    let orders = plans.api("orders", 1);
    let validate = plans.operation(orders, "post validate /orders/validate", Some(checked));
    validate.params.push(param("order", Place::Body, order));
    validate.idempotency = Some(Idempotency::Natural);
    validate.class = EffectClass::Idempotent;

    let inventory = plans.api("inventory", 1);
    let reserve = keyed(plans.operation(inventory, "post reserve /inventory/reservations", Some(made)));
    reserve.params.push(param("items", Place::Body, items));
    reserve.raises.push((flow_plan::Statuses::One(409), out_of_stock));
    plans.operation(inventory, "delete release /inventory/reservations/{id}", None);

    let payments = plans.api("payments", 2);
    plans.operation(payments, "get method /customers/{customer}/payment-method", Some(method));
    let charges = keyed(plans.operation(payments, "post charge /payments", Some(made)));
    charges.params.push(param("charge", Place::Body, charge));
    charges.raises.push((flow_plan::Statuses::One(402), declined));
    plans.operation(payments, "delete refund /payments/{id}", None);
    plans.load()
}

/// A charge that fits.
pub const CHARGE: &str = r#"{"order":"o-1","amount":40.00}"#;
