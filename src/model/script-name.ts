/** How an interpreter is told what to run. */
interface Interpreter {
  /** Of its program, without folder and `.exe`. */
  readonly name: RegExp;
  /** Options whose value is the argument behind them. */
  readonly withValue: RegExp;
  /** Options whose value is what runs, behind them or, as a group, in the same argument. */
  readonly runs?: RegExp;
  /** Options with which it runs no file. */
  readonly runsCode?: RegExp;
  /** What can be run, where other arguments may come first. */
  readonly file?: RegExp;
}

/** From the manual of each: python(1), java(1), node(1), ruby(1), perlrun(1), php(1), `dotnet --help`. */
const INTERPRETERS: readonly Interpreter[] = [
  {
    name: /^(?:python|pypy)[\d.]*$/,
    withValue: /^-[A-Za-z]*[WX]$|^--check-hash-based-pycs$/,
    runs: /^-[A-VYZabd-ln-z]*m(.*)$/,
    runsCode: /^-[A-VYZabd-ln-z]*c/,
  },
  {
    name: /^javaw?$/,
    withValue:
      /^(?:-cp|-classpath|--class-path|-p|--module-path|--upgrade-module-path|--add-(?:modules|exports|opens|reads)|--limit-modules|--source)$/,
    runs: /^(?:-jar|-m|--module(?:=(.+))?)$/,
    file: /^[^@]/, // @FILE has more arguments
  },
  {
    name: /^node(?:js)?$/,
    withValue: /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--title)$/,
    runsCode: /^(?:-e|--eval|-p|--print|-pe)$/,
  },
  { name: /^ruby[\d.]*$/, withValue: /^-[ICEr]$/, runsCode: /^-[alnpsw]*e/ },
  { name: /^perl[\d.]*$/, withValue: /^-I$/, runsCode: /^-[acilnpstTuUwWxX0-7]*[eE]$/ },
  { name: /^php[\d.]*$/, withValue: /^-[cdStz]$/, runs: /^(?:-f|--file)$/, runsCode: /^(?:-r|--run)$/ },
  {
    name: /^dotnet$/,
    withValue: /^--(?:depsfile|runtimeconfig|additionalprobingpath|fx-version|roll-forward)$/,
    file: /\.(?:dll|exe)$/i,
  },
];

/**
 * What an interpreter runs: the file without its folder, a module, or a Java class. Undefined for a program that is no interpreter known
 * here, or that runs what is not in a file. `args`: all arguments, the program first.
 */
export function scriptOf(args: readonly string[]): string | undefined {
  const program = baseName(args[0] ?? '').replace(/\.exe$/i, '');
  const interpreter = INTERPRETERS.find(({ name }) => name.test(program));
  return interpreter && findScript(interpreter, args);
}

function findScript({ withValue, runs, runsCode, file }: Interpreter, args: readonly string[]): string | undefined {
  for (let at = 1; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '-' || runsCode?.test(arg)) return undefined;
    const run = runs?.exec(arg);
    if (run || arg === '--') return toName(run?.[1] || args[at + 1]);
    if (withValue.test(arg)) at++;
    else if (!arg.startsWith('-') && (file === undefined || file.test(arg))) return toName(arg);
  }
  return undefined;
}

function toName(arg: string | undefined): string | undefined {
  return arg === undefined ? undefined : baseName(arg) || undefined;
}

function baseName(path: string): string {
  return /[^/\\]*$/.exec(path.replace(/[/\\]+$/, ''))![0];
}
