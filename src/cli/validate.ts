// `sluice validate`: each object on its own.
import { Command } from 'commander';
import { type ExitStatus, helpText, withStatus } from './command.ts';
import { countFindings, formatFindings, locateDiagnostics, statusOfFindings } from './diagnostics.ts';
import { filenameOption, type OutputFormat, outputOption, strictOption } from './options.ts';
import { printData } from './output.ts';

interface ValidateFlags {
  readonly filename: readonly string[];
  readonly output: OutputFormat;
  readonly strict?: boolean;
}

export function validateCommand(): Command {
  return new Command('validate')
    .helpGroup('Before a change:')
    .summary('check each object on its own: syntax, fields, types, values')
    .description(
      'Reads YAML as the control plane does and says what is wrong with it, line by line: syntax, unknown fields, ' +
        'wrong types, values out of range. Each object is looked at on its own, and nothing is run.',
    )
    .addOption(filenameOption())
    .addOption(strictOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      helpText({
        examples: [
          'sluice validate -f examples/seed',
          'sluice validate --strict -f service.yaml -f rules/',
          'kubectl get destinationrules -o yaml | sluice validate -f -',
          'sluice validate -f . -o json | jq \'.diagnostics[] | select(.severity == "error")\'',
        ],
        json: [
          '{"objects": 3, "diagnostics": [{"code": "SLC0103", "severity": "error|warning|info", "message", "fix",',
          '  "object": {"kind", "namespace", "name"} or null, "path", "file", "line", "column"}]}',
          'file, line and column are null where they are not known.',
        ],
        exit: [
          '0  no errors',
          '1  errors; with --strict, warnings too',
          '2  wrong usage, or a path that does not exist',
        ],
      }),
    )
    .action(withStatus(validate));
}

async function validate({ filename, output, strict = false }: ValidateFlags): Promise<ExitStatus> {
  const [{ readInput }, { decodeObjects }] = await Promise.all([import('./input.ts'), import('../crds/index.ts')]);
  const { objects, diagnostics, lineOf } = await readInput(filename);
  const findings = locateDiagnostics([...diagnostics, ...decodeObjects(objects).diagnostics], objects);
  await printData(output, { objects: objects.size, diagnostics: findings }, () => {
    const counted = objects.size === 1 ? '1 object' : `${objects.size} objects`;
    const summary = findings.length === 0 ? `${counted} valid` : `${counted}: ${countFindings(findings)}`;
    return `${formatFindings(findings, lineOf, process.stdout)}${summary}\n`;
  });
  return statusOfFindings(findings, strict);
}
