//! A project as a company would have it: types, APIs with policies, workflows with sagas, and their tests.
//!
//! The same seed gives the same texts. Every file is correct, without a warning that a reader would act on.

use std::fmt::Write as _;

use flow_driver::MemoryWorld;

use crate::random::Random;

/// The entry: it imports every workflow file.
pub const ENTRY: &str = "main.flow";

/// A generated project.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// Paths and texts, the entry last.
    pub files: Vec<(String, String)>,
}

impl Project {
    /// Lines of all files.
    pub fn lines(&self) -> usize {
        self.files.iter().map(|(_, text)| text.lines().count()).sum()
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|(_, text)| text.len()).sum()
    }

    /// The project as the compiler reads it.
    pub fn world(&self) -> MemoryWorld {
        let world = MemoryWorld::default();
        self.files.iter().fold(world, |world, (path, text)| world.with(path, text.as_str()))
    }
}

/// Generates a project of so many files of about so many lines each. A tenth of the files declares types, a tenth APIs.
pub fn generate(seed: u64, files: usize, lines: usize) -> Project {
    let mut random = Random::new(seed);
    let shared = (files / 10).max(1);
    let mut project = Project::default();
    for id in 0..shared {
        project.files.push((format!("types/types_{id}.flow"), types(&mut random, id, lines)));
    }
    for id in 0..shared {
        project.files.push((format!("apis/api_{id}.flow"), api(&mut random, id, lines)));
    }
    let flows = files.saturating_sub(2 * shared + 1).max(1);
    for id in 0..flows {
        project.files.push((format!("flows/flows_{id}.flow"), workflows(&mut random, id, shared, lines)));
    }
    project.files.push((ENTRY.to_owned(), entry(flows)));
    project
}

/// Lines of text that grow by whole declarations up to a limit.
fn fill(text: &mut String, lines: usize, mut declaration: impl FnMut(usize) -> String) {
    let mut count = text.lines().count();
    for index in 0.. {
        let next = declaration(index);
        count += next.lines().count();
        if index > 0 && count > lines {
            break;
        }
        text.push_str(&next);
    }
}

/// The four types that APIs and workflows use, then others.
fn types(random: &mut Random, id: usize, lines: usize) -> String {
    let mut text = format!(
        "// What orders of region {id} are made of.\n\n\
         /// What is sold.\ntype Item_{id} {{\n  /// As on the label.\n  sku: string,\n  quantity: int where quantity > 0,\n  \
         price: decimal,\n}}\n\n\
         /// What a customer wants.\ntype Order_{id} {{\n  id: string,\n  customer: string,\n  items: [Item_{id}] where \
         items.size() <= 500,\n  note: string?,\n  tier: \"gold\" | \"silver\" | \"none\",\n}}\n\n\
         /// What a customer gets.\ntype Receipt_{id} {{\n  order: string,\n  payment: string,\n  amount: decimal,\n}}\n\n\
         /// What came of it.\ntype Event_{id} = Shipped {{ id: string, at: timestamp }} | Lost {{ id: string, why: string }} \
         tagged \"kind\"\n\n"
    );
    fill(&mut text, lines, |index| {
        let unit = random.word(&["store", "courier", "supplier", "warehouse", "carrier"]);
        let tier = random.word(&["gold", "silver", "basic"]);
        format!(
            "/// A {unit} of region {id}.\n\
             type Party_{id}_{index} {{\n  id: string,\n  name: string,\n  // Kept for accounts of before.\n  tier: \
             \"{tier}\" | \"other\",\n  limit: decimal where limit >= {},\n  tags: [string],\n  prices: {{string: \
             decimal}},\n  contact: {{ mail: string, phone: string?, since: date }}?,\n  order?: Order_{id},\n}}\n\n",
            random.below(1_000),
        )
    });
    text
}

fn api(random: &mut Random, id: usize, lines: usize) -> String {
    let mut text = format!(
        "import {{ Order_{id}, Item_{id}, Event_{id} }} from \"../types/types_{id}.flow\"\n\n\
         config {{\n  url_{id}: url = \"http://127.0.0.1:{}\"\n  token_{id}: secret string\n}}\n\n\
         error Declined_{id} {{ reason: string, code: int? }}\nerror OutOfStock_{id} {{ sku: string }}\n\n\
         retry transient_{id} {{\n  attempts: 4\n  backoff: exponential {{ initial: 100ms, factor: 2, max: 2s }}\n  on: \
         [500, 502, 503, 504, timeout, connection]\n}}\n\n\
         api shop_{id} v1 {{\n  base: config.url_{id}\n  auth: bearer(config.token_{id})\n  timeout: 2s\n  retry: \
         transient_{id}\n  rate: 50 per 1s\n\n",
        8_000 + id,
    );
    fill(&mut text, lines.saturating_sub(2), |index| {
        let noun = random.word(&["orders", "parcels", "labels", "rooms", "seats"]);
        format!(
            "  /// Checks an order against {noun}.\n  post validate_{index} \"/{noun}/validate/{index}\" (body order: \
             Order_{id}) -> {{ valid: bool, total: decimal }} {{\n    idempotency: natural\n  }}\n\n  \
             /// Sets items aside.\n  post reserve_{index} \"/{noun}/reservations/{index}\" (body items: [Item_{id}]) -> \
             {{ id: string }} {{\n    idempotency: header(\"Idempotency-Key\")\n    raises: {{ 409: OutOfStock_{id} \
             }}\n    undo: release_{index}(result.id)\n  }}\n  delete release_{index} \"/{noun}/reservations/{index}/{{id}}\" \
             (id: string)\n\n  \
             /// Takes the money.\n  post charge_{index} \"/{noun}/payments/{index}\" (body charge: {{ order: string, \
             amount: decimal }}) -> {{ id: string }} {{\n    idempotency: header(\"Idempotency-Key\")\n    raises: {{ \
             402: Declined_{id} }}\n    undo: refund_{index}(result.id)\n  }}\n  delete refund_{index} \
             \"/{noun}/payments/{index}/{{id}}\" (id: string)\n\n  \
             /// What came of it.\n  get state_{index} \"/{noun}/{index}/{{id}}\" (id: string, detail: bool = false) -> \
             Event_{id} {{\n    absent: [404]\n    timeout: {}s\n  }}\n\n",
            1 + random.below(5),
        )
    });
    text.push_str("}\n");
    text
}

fn workflows(random: &mut Random, id: usize, shared: usize, lines: usize) -> String {
    let of = id % shared;
    let mut text = format!(
        "import {{ Order_{of}, Item_{of}, Receipt_{of} }} from \"../types/types_{of}.flow\"\n\
         import {{ shop_{of}, Declined_{of} }} from \"../apis/api_{of}.flow\"\n\n\
         error Invalid_{id} {{ reason: string }}\n\n"
    );
    // Each of five operations is one that the smallest API has.
    fill(&mut text, lines, |index| workflow(random, id, of, index));
    text
}

fn workflow(random: &mut Random, id: usize, of: usize, index: usize) -> String {
    let op = random.below(3);
    let (limit, percent) = (100 + random.below(5_000), 80 + random.below(19));
    let tier = random.word(&["gold", "silver"]);
    let mut text = String::new();
    let _ = write!(
        text,
        r#"/// What the items of order kind {index} cost.
fn total_{id}_{index} (items: [Item_{of}], tier: string) -> decimal =
  items.filter(item => item.quantity > 0).map(item => item.price * item.quantity).sum() * (if tier == "{tier}" {{ 0.{percent} }} else {{ 1.0 }})

/// Takes an order from validation to payment, and undoes what it did when a later step fails.
workflow process_{id}_{index} (order: Order_{of}) -> Receipt_{of} within 5m {{
  let checked = shop_{of}.validate_{op}(order)
  if !checked.valid {{ fail Invalid_{id} {{ reason: "order {{order.id}} is not valid" }} }}

  // Both are needed, and neither waits for the other.
  let {{ stock, before }} = parallel {{
    stock: shop_{of}.reserve_{op}(order.items)
    before: shop_{of}.state_{op}(order.customer, detail: true)
  }}

  let status = if before != null {{
    match before {{
      Shipped {{ id }} => "shipped {{id}}",
      Lost lost => lost.why,
    }}
  }} else {{ "new" }}
  log "order {{order.id}} has {{order.items.size()}} items, before: {{status}}, stock {{stock.id}}"

  var amount = total_{id}_{index}(order.items, order.tier)
  var rounds = 0
  while rounds < 3 && amount > {limit} {{
    amount = amount * 0.95
    rounds = rounds + 1
  }}
  for item in order.items {{
    if item.price > {limit} {{ log "expensive: {{item.sku}} at {{item.price}}" }}
  }}

  let payment = try {{
    let charge = shop_{of}.charge_{op}({{ order: order.id, amount }})
    charge.id
  }} catch Declined_{of} as declined {{
    fail Invalid_{id} {{ reason: declined.reason }}
  }}
  return {{ order: order.id, payment, amount }}
}}

test "order kind {index} is paid" {{
  mock shop_{of}.validate_{op} => {{ valid: true, total: 40 }}
  mock shop_{of}.reserve_{op} => {{ id: "r-1" }}
  mock shop_{of}.release_{op}
  mock shop_{of}.state_{op} => Shipped {{ id: "s-1", at: @2026-01-31T09:00:00Z }}
  mock shop_{of}.charge_{op} => {{ id: "p-1" }}
  let run = process_{id}_{index}({{ id: "o-1", customer: "c-1", items: [], tier: "none" }})
  expect run.result == {{ order: "o-1", payment: "p-1", amount: 0 }}
  expect calls shop_{of}.reserve_{op} once
}}

"#
    );
    text
}

fn entry(flows: usize) -> String {
    let mut text = "// The whole shop.\n".to_owned();
    for id in 0..flows {
        let _ = writeln!(text, "import {{ process_{id}_0 }} from \"./flows/flows_{id}.flow\"");
    }
    text
}

/// Lines of the smallest API that has the three operations of each kind that workflows choose from.
const OPERATIONS_LINES: usize = 120;

/// One file on its own, of about so many lines: types, an API and workflows.
pub fn one_file(seed: u64, lines: usize) -> String {
    let mut random = Random::new(seed);
    let without_imports = |text: String| {
        let lines = text.lines().filter(|line| !line.starts_with("import "));
        lines.fold(String::new(), |text, line| text + line + "\n")
    };
    let mut text = types(&mut random, 0, lines / 10);
    text.push_str(&without_imports(api(&mut random, 0, (lines / 8).max(OPERATIONS_LINES))));
    let rest = lines.saturating_sub(text.lines().count());
    text.push_str(&without_imports(workflows(&mut random, 0, 1, rest)));
    text
}
