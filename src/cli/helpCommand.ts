import type { Command } from 'commander';

/**
 * Adds `help [command...]` to a command and to those below it that have commands. It shows what is asked for; of a command that
 * there is not it says so, and which one may have been meant, where commander's own shows the help of everything.
 */
export function addHelp(command: Command): void {
  if (command.commands.length === 0) return;
  command.commands.forEach(addHelp);
  command.command('help').argument('[command...]').description('display help for command').helpOption(false)
    .action(async (names: readonly string[]) => {
      let asked = command;
      for (const name of names) {
        if (asked.commands.length === 0) break; // arguments of that command
        const found = asked.commands.find((inner) => inner.name() === name);
        if (found === undefined) await asked.parseAsync([name], { from: 'user' }); // throws, as for `mpvg <name>`
        else asked = found;
      }
      asked.help();
    });
}
