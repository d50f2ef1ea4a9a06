/** A path as /proc/PID/mountinfo prints it: space, tab, newline and backslash are `\\040` and so on (proc_pid_mountinfo(5)). */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
