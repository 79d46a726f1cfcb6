
_clap_complete_ombud() {
    local IFS=$'\013'
    local _CLAP_COMPLETE_INDEX=${COMP_CWORD}
    local _CLAP_COMPLETE_COMP_TYPE=${COMP_TYPE}
    if compopt +o nospace 2> /dev/null; then
        local _CLAP_COMPLETE_SPACE=false
    else
        local _CLAP_COMPLETE_SPACE=true
    fi
    local words=("${COMP_WORDS[@]}")
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        words[COMP_CWORD]="$2"
    fi
    COMPREPLY=( $( \
        _CLAP_IFS="$IFS" \
        _CLAP_COMPLETE_INDEX="$_CLAP_COMPLETE_INDEX" \
        _CLAP_COMPLETE_COMP_TYPE="$_CLAP_COMPLETE_COMP_TYPE" \
        _CLAP_COMPLETE_SPACE="$_CLAP_COMPLETE_SPACE" \
        OMBUD_COMPLETE="bash" \
        "ombud" -- "${words[@]}" \
    ) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ $_CLAP_COMPLETE_SPACE == false ]] && [[ "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _clap_complete_ombud ombud
else
    complete -o nospace -o bashdefault -F _clap_complete_ombud ombud
fi


_ombud() {
    local -a joined=()
    local at last=-1
    for (( at = 0; at <= COMP_CWORD; at++ )); do
        if (( last > 0 )) && [[ ${COMP_WORDS[at]} == :* || ${joined[last]} == *: ]]; then
            joined[last]+=${COMP_WORDS[at]}
        else
            joined[++last]=${COMP_WORDS[at]}
        fi
    done
    local typed=${joined[last]//\\/}
    typed=${typed#[\"\']}
    local COMP_CWORD=$last
    local -a COMP_WORDS=("${joined[@]}")
    _clap_complete_ombud "$1" "$typed" "$3"
    # What stands before the last colon is there already.
    local there=${typed%"${typed##*:}"} reply
    [[ -n $there ]] && COMPREPLY=("${COMPREPLY[@]#"$there"}")
    for reply in "${COMPREPLY[@]}"; do
        if [[ $reply == *[[:space:]\"\'\\\$\&\;\<\>\|\(\)\*\?\`]* ]]; then
            # Then bash quotes what it takes.
            compopt -o filenames 2> /dev/null
            break
        fi
    done
}
complete -F _ombud -o nospace -o bashdefault -o nosort ombud 2> /dev/null || complete -F _ombud -o nospace -o bashdefault ombud
