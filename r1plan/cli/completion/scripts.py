"""What a shell reads so that Tab asks r1plan. Each asks with two variables and prints no error, whatever happens.

The answer is lines: first what they are ("names"; "nospace": names that go on; "files": let the shell complete files),
then a name each, behind a tab what it is.
"""

from __future__ import annotations

from typing import Literal

Shell = Literal["bash", "zsh", "fish", "powershell"]

VARIABLE, LINE = "_R1PLAN_COMPLETE", "_R1PLAN_COMPLETE_LINE"
"""Names the shell that asks; and holds the line up to the cursor, as it was typed."""

# As old as bash 3.2, which macOS has: no compopt, no mapfile.
_BASH = """\
_r1plan_completion() {
    local kind='' line
    COMPREPLY=()
    while IFS= read -r line; do
        if [ -z "$kind" ]; then kind=$line; else COMPREPLY+=("${line%%$'\\t'*}"); fi
    done < <(_R1PLAN_COMPLETE=bash _R1PLAN_COMPLETE_LINE="${COMP_LINE:0:COMP_POINT}" "$1" 2>/dev/null </dev/null)
    case $kind in
        nospace) compopt -o nospace 2>/dev/null ;;
        files)
            if ! compopt -o default 2>/dev/null; then
                line=${COMP_WORDS[COMP_CWORD]}
                while IFS= read -r kind; do COMPREPLY+=("$kind"); done < <(compgen -f -- "${line#=}")
            fi
            ;;
    esac
    return 0
}
complete -F _r1plan_completion r1plan
"""

_ZSH = """\
#compdef r1plan
_r1plan_completion() {
    local kind line
    local -a lines more
    line="${(j: :)words[1,CURRENT-1]} $PREFIX"
    lines=("${(@f)$(_R1PLAN_COMPLETE=zsh _R1PLAN_COMPLETE_LINE="$line" ${(Q)~words[1]} 2>/dev/null </dev/null)}")
    kind=${lines[1]}
    shift lines
    case $kind in
        files) _files; return ;;
        nospace) more=(-S '') ;;
    esac
    (( ${#lines} )) && _describe -V r1plan lines -U "${more[@]}"
}
if (( ! $+functions[compdef] )); then
    autoload -Uz compinit && compinit -i
fi
if [[ ${funcstack[1]} == _r1plan ]]; then
    _r1plan_completion "$@"
else
    compdef _r1plan_completion r1plan
fi
"""

_FISH = """\
function __r1plan_completion
    set -l program (commandline -opc)[1]
    set -l found (env _R1PLAN_COMPLETE=fish _R1PLAN_COMPLETE_LINE=(commandline -cp | string collect) \\
        $program 2>/dev/null </dev/null)
    switch "$found[1]"
        case files
            __fish_complete_path (commandline -ct)
        case names nospace
            printf '%s\\n' $found[2..-1]
    end
end
complete --command r1plan --no-files --keep-order --arguments '(__r1plan_completion)'
"""

_POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName r1plan -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $typed = $commandAst.ToString()
    $length = [Math]::Min($typed.Length, $cursorPosition - $commandAst.Extent.StartOffset)
    $typed = $typed.Substring(0, [Math]::Max(0, $length))
    if (-not $wordToComplete) { $typed = $typed.TrimEnd() + ' ' }
    $Env:_R1PLAN_COMPLETE = 'powershell'
    $Env:_R1PLAN_COMPLETE_LINE = $typed
    try {
        $lines = @(& $commandAst.CommandElements[0].Value 2>$null)
    } catch {
        $lines = @()
    } finally {
        Remove-Item Env:_R1PLAN_COMPLETE, Env:_R1PLAN_COMPLETE_LINE
    }
    if ($lines.Count -gt 1 -and $lines[0] -ne 'files') {
        $lines | Select-Object -Skip 1 | ForEach-Object {
            $value, $about = $_ -split "`t", 2
            if (-not $about) { $about = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
        }
    }
}
"""

SCRIPTS: dict[Shell, str] = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
