// Where the program starts. Each command brings the parts it needs when it is run, so that start-up costs no more.
import { runProgram } from './cli/program.ts';

await runProgram(process.argv.slice(2));
