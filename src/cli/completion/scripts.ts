// The scripts that shells load. They know nothing: they ask `sluice __complete` for what may stand at the cursor. It
// prints a line for each candidate, a tab before its description, and `:paths` where a file or folder may stand.

const bash = `# bash completion for sluice. Load it with: source <(sluice completion bash)
_sluice() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :paths) compopt -o default ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _sluice sluice
`;

const zsh = `#compdef sluice
# zsh completion for sluice. Load it with: source <(sluice completion zsh)
_sluice() {
  local line
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :paths) _files ;;
      ?*) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  _describe 'sluice' candidates
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _sluice "$@"; else compdef _sluice sluice; fi
`;

const fish = `# fish completion for sluice. Keep it with: sluice completion fish > ~/.config/fish/completions/sluice.fish
function __sluice_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete -- $words[2..-1] "$current" 2>/dev/null)
        if test "$line" = ":paths"
            __fish_complete_path "$current"
        else
            echo $line
        end
    end
end
complete -c sluice -f -a '(__sluice_complete)'
`;

export const scripts = { bash, zsh, fish } as const;
export type Shell = keyof typeof scripts;
