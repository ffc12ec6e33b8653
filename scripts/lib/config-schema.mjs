// The schema of configs: reads cpp/nn/config_fields.def and cpp/models/config_fields.def, and writes what the package and the docs
// make of it. The C++ preprocessor reads the same lines.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from './paths.mjs';

const tables = ['cpp/nn/config_fields.def', 'cpp/models/config_fields.def'];
const typesPath = join(paths.root, 'js', 'core', 'config-fields.ts');
const valuesPath = join(paths.root, 'js', 'core', 'config-schema.ts');
const docsPath = join(paths.root, 'docs', 'config.md');

/** The enumeration that lists a C++ type's values. */
const enumerations = {
  ScaleBy: 'SCALE_BY',
  Normalisation: 'NORMALISATION',
  'kernels::Activation': 'ACTIVATION',
  'Norm::Kind': 'NORM_KIND',
  NormPlacement: 'NORM_PLACEMENT',
  FeedForwardKind: 'FEED_FORWARD_KIND',
  Positions: 'POSITIONS',
  LabelsFor: 'LABELS_FOR',
  ProblemType: 'PROBLEM_TYPE',
};

/** The groups of fields in the order of the docs: what each is called in TypeScript, and its heading. */
const groups = [
  ['STACK_FIELD', 'Stack', 'A stack'],
  ['WIDTH_FIELD', 'Width', 'A stack, or a layer of attention alone'],
  ['BLOCK_FIELD', 'Block', 'Its blocks'],
  ['FEED_FORWARD_FIELD', 'FeedForward', 'Their feed-forward layer'],
  ['ATTENTION_FIELD', 'Attention', 'Attention: `attention`, or a layer alone'],
  ['MODEL_ATTENTION_FIELD', 'ModelAttention', 'Attention in a model: `attention`'],
  ['ROTARY_FIELD', 'Rotary', 'Rotary positions: `rotary`'],
  ['T5_BIAS_FIELD', 'T5Bias', "T5's bias: `t5Bias`"],
  ['MODEL_FIELD', 'Model', 'A model: its heads, and an encoder with a decoder'],
];

/** No size of a real model comes near it, and products of two stay exact. */
const largest = 1 << 24;

const camelCase = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

/** Splits a macro's arguments at the commas outside of strings and parentheses. */
function argumentsOf(text) {
  const parts = text.match(/(?:"[^"]*"|\([^)]*\)|[^,"(])+/g);
  return parts.map((part) => part.trim().replace(/^"|"$/g, ''));
}

/** { entries of a macro's name: its arguments, … } of all tables. */
function readMacros() {
  const macros = {};
  for (const table of tables) {
    const text = readFileSync(join(paths.root, table), 'utf8');
    for (const [, macro, list] of text.matchAll(/^([A-Z][A-Z0-9_]+)\((.*)\)$/gm))
      (macros[macro] ??= []).push(argumentsOf(list));
  }
  return macros;
}

/** A default as JavaScript has it. */
function valueOf(cpp) {
  if (cpp === '-std::numeric_limits<float>::infinity()') return -Infinity;
  if (cpp === 'true' || cpp === 'false') return cpp === 'true';
  if (/^-?[\d.]+(e-?\d+)?f?$/.test(cpp)) return Number(cpp.replace(/f$/, ''));
  return cpp.replace(/^.*::/, '');
}

function readField(macros, [type, name, initial, presence, range, meaning]) {
  const values = enumerations[type] && macros[enumerations[type]];
  const [, least, most] = range.match(/^(?:at_least|between|size)\((\d+)(?:, *(\d+))?\)$/) ?? [];
  const kind = values
    ? 'choice'
    : type === 'bool'
      ? 'boolean'
      : type === 'Index'
        ? 'integer'
        : camelCase(range);
  if (kind === 'integer' && least === undefined)
    throw new Error(`${name}: expected the range of an Index, got ${range}`);
  return {
    key: camelCase(name),
    kind,
    values: values?.map((value) => ({ name: value[0], meaning: value.at(-1) })),
    least: Number(least),
    most: most === undefined ? largest : Number(most),
    required: presence === 'required',
    derived: presence.match(/^derived\((.*)\)$/)?.[1].replace(/^"|"$/g, ''),
    initial: valueOf(initial),
    meaning,
  };
}

/** [{ name, heading, fields }], and the positions whose table has maxLen rows. */
export function readSchema() {
  const macros = readMacros();
  return {
    groups: groups.map(([macro, name, heading]) => ({
      name,
      heading,
      fields: macros[macro].map((field) => readField(macros, field)),
    })),
    tablePositions: macros.POSITIONS.filter(
      ([, kind]) => kind === 'added' || kind === 'rotated',
    ).map(([name]) => name),
  };
}

const literal = (value) => (typeof value === 'string' ? `'${value}'` : String(value));

function typeOf({ kind, values }) {
  if (kind === 'choice') return values.map(({ name }) => literal(name)).join(' | ');
  return kind === 'boolean' ? 'boolean' : 'number';
}

function defaultOf({ required, derived, initial }) {
  return required ? 'required' : (derived ?? literal(initial));
}

function interfaceOf({ name, fields }) {
  const members = fields.map((field) => {
    const note = field.required ? '' : ` Default: ${defaultOf(field)}.`;
    return `  /** ${field.meaning}${note} */\n  ${field.key}${field.required ? '' : '?'}: ${typeOf(field)};\n`;
  });
  return `export interface ${name}Fields {\n${members.join('')}}\n`;
}

function checkerOf({ kind, values, least, most, required, derived, initial }) {
  const given = required || derived !== undefined ? [] : [literal(initial)];
  const range = kind === 'integer' ? [least, most] : [];
  const choices =
    kind === 'choice' ? [`[${values.map(({ name }) => literal(name)).join(', ')}]`] : [];
  return `${kind}(${[...choices, ...range, ...given].join(', ')})`;
}

function fieldsOf({ name, fields }) {
  const constant = `${name[0].toLowerCase()}${name.slice(1)}Fields`;
  const members = fields.map((field) => `  ${field.key}: ${checkerOf(field)},\n`);
  return `export const ${constant}: FieldsOf<${name}Fields> = {\n${members.join('')}};\n`;
}

const madeFrom = `// Made by scripts/lib/config-schema.mjs from ${tables.join(' and ')}: change those.\n`;

const typesOf = ({ groups: all }) => [madeFrom, ...all.map(interfaceOf)].join('\n');

function valuesOf({ groups: all, tablePositions }) {
  const names = all.map(({ name }) => `${name}Fields`).join(', ');
  return [
    madeFrom,
    "import { boolean, choice, integer, notNan, positive, type FieldsOf } from './field-kinds.js';\n",
    `import type { ${names} } from './config-fields.js';\n\n`,
    ...all.flatMap((group) => [fieldsOf(group), '\n']),
    '/** Positions that are known up to maxLen; the others serve any length. */\n',
    `export const tablePositions: readonly string[] = [${tablePositions.map(literal).join(', ')}];\n`,
  ].join('');
}

const cell = (text) => text.replaceAll('|', '\\|');

function docs({ groups: all }) {
  const parts = [
    '# The fields of a config\n\n',
    'Made from `cpp/nn/config_fields.def` and `cpp/models/config_fields.def` by `npm run format`; what has several values or files of\n',
    'its own (`attention.window`, `image`, `encoder`) is described in [api.md](api.md).\n',
  ];
  for (const { heading, fields } of all) {
    parts.push(
      `\n## ${heading}\n\n| field | type | default | meaning |\n| --- | --- | --- | --- |\n`,
    );
    for (const field of fields) {
      const type =
        field.kind === 'choice'
          ? field.values.map(({ name, meaning }) => `\`'${name}'\`: ${meaning}`).join('; ')
          : field.kind === 'integer'
            ? `integer, at least ${field.least}`
            : typeOf(field);
      const initial =
        field.required || field.derived ? defaultOf(field) : `\`${defaultOf(field)}\``;
      parts.push(
        `| \`${field.key}\` | ${cell(type)} | ${cell(initial)} | ${cell(field.meaning)} |\n`,
      );
    }
  }
  return parts.join('');
}

/** The text of docs/config.md. */
export const configDocs = () => docs(readSchema());

function write(path, text) {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

/** Writes the TypeScript, which git does not keep, where it is not as the tables have it. */
export function writeConfigSchema() {
  const schema = readSchema();
  write(typesPath, typesOf(schema));
  write(valuesPath, valuesOf(schema));
}

/** Writes docs/config.md, which git keeps. */
export const writeConfigDocs = () => write(docsPath, configDocs());
