# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ombud_global_optspecs
    string join \n config= store= C/workspace= a/agent= m/model= server= server-token-file= format= color= no-input bare v/verbose q/quiet h/help V/version
end

function __fish_ombud_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ombud_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ombud_using_subcommand
    set -l cmd (__fish_ombud_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ombud -n "__fish_ombud_needs_command" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_needs_command" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_needs_command" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_needs_command" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_needs_command" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_needs_command" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_needs_command" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_needs_command" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_needs_command" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_needs_command" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_needs_command" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_needs_command" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_needs_command" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_needs_command" -s V -l version -d 'Print version'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "run" -d 'Talk with an agent'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "oneshot" -d 'Ask once, print the answer, exit'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "sessions" -d 'List, show, follow, change and delete sessions'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "share" -d 'Make one page of a session that others can replay'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "restore" -d 'Bring sessions in order whose process died'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "serve" -d 'Open the house over HTTP'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "agents" -d 'List, show, add, remove and check agents'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "keys" -d 'Make, list and remove keys, which open a server for programs'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "users" -d 'Make, list, change and remove accounts of people'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "mcp" -d 'List, add, test and remove tool servers (MCP), and offer your agents as one'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "trust" -d 'Let the config of a workspace count in full'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "config" -d 'Show settings and where they come from'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c ombud -n "__fish_ombud_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand run" -s s -l session -d 'Go on with this session' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l session-id -d 'Give the new session this id; exits 5 when it is in use' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l name -d 'Give the new session a name' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l tag -d 'Put a tag on the session; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l instructions -d 'Tell the agent this beside its own instructions' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l max-turns -d 'Most calls of the model; exits 8 when they are used up' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l timeout -d 'Longest run in seconds; exits 124 when they are over' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l allow -d 'Allow calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l deny -d 'Deny calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l mcp -d 'Offer the tools of this tool server (MCP) to the agent; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l busy -d 'What to do while another run works in the session; default: wait' -r -f -a "wait\t'Wait for it, at most limits.busy_wait_seconds'
fail\t'Exit 5 at once'"
complete -c ombud -n "__fish_ombud_using_subcommand run" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand run" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand run" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand run" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand run" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand run" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand run" -s c -l continue -d 'Go on with the last session of this workspace'
complete -c ombud -n "__fish_ombud_using_subcommand run" -l no-stdin -d 'Do not read stdin'
complete -c ombud -n "__fish_ombud_using_subcommand run" -l no-project-instructions -d 'Do not read AGENTS.md of the workspace as instructions'
complete -c ombud -n "__fish_ombud_using_subcommand run" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand run" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand run" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand run" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s s -l session -d 'Go on with this session' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l session-id -d 'Give the new session this id; exits 5 when it is in use' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l name -d 'Give the new session a name' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l tag -d 'Put a tag on the session; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l instructions -d 'Tell the agent this beside its own instructions' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l max-turns -d 'Most calls of the model; exits 8 when they are used up' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l timeout -d 'Longest run in seconds; exits 124 when they are over' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l allow -d 'Allow calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l deny -d 'Deny calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l mcp -d 'Offer the tools of this tool server (MCP) to the agent; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l busy -d 'What to do while another run works in the session; default: wait' -r -f -a "wait\t'Wait for it, at most limits.busy_wait_seconds'
fail\t'Exit 5 at once'"
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l trigger -d 'Ask for this procedure of the agent, instead of a prompt' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l argument -d 'Give the procedure an argument; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l input -d 'Give the new session an input that its agent declares, as --argument does; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l tool -d 'Answer calls of a tool of the agent with a command; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s o -l output -d 'Write the answer to this file instead of stdout' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l no-stdin -d 'Do not read stdin'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l no-project-instructions -d 'Do not read AGENTS.md of the workspace as instructions'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l ephemeral -d 'Keep nothing: the session is gone when the command ends'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand oneshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "list" -d 'List sessions, the newest first'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "show" -d 'Show a session and its last messages'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "events" -d 'Print the log of a session, one JSON object a line'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "tail" -d 'Follow what happens in a session until Ctrl-C'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "update" -d 'Change a session\'s name, tags or model'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "cancel" -d 'Cancel what runs in a session, also in another process'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "delete" -d 'Delete sessions with all that they hold'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and not __fish_seen_subcommand_from list show events tail update cancel delete help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l limit -d 'Most sessions to list' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l after -d 'Go on after this cursor of the page before' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l tag -d 'Only sessions with this tag; given several times: with all of them' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l status -d 'Only sessions that stand so' -r -f -a "idle\t'Nothing'
running\t'A run is queued or at work'
waiting\t'A run waits for the caller\'s tools'
interrupted\t'A run\'s process died; `ombud restore` brings it in order'
expired\t'Its time is over'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l limit -d 'Most messages to show' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l before -d 'Only messages before this cursor' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l after -d 'Begin after this cursor; default: at the beginning' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l limit -d 'Most events to print; default: all' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from events" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l after -d 'Begin after this cursor; default: with what happens from now on' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l name -d 'Its new name' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l tag -d 'Put a tag on it; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l untag -d 'Take a tag off it; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l run -d 'Only this run; default: all of the session' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Do not ask'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "list" -d 'List sessions, the newest first'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a session and its last messages'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "events" -d 'Print the log of a session, one JSON object a line'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "tail" -d 'Follow what happens in a session until Ctrl-C'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "update" -d 'Change a session\'s name, tags or model'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "cancel" -d 'Cancel what runs in a session, also in another process'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete sessions with all that they hold'
complete -c ombud -n "__fish_ombud_using_subcommand sessions; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand share" -s o -l output -d 'Write the page into this file, and upload nothing; `-`: to standard output' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand share" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand share" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand share" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand share" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand share" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand share" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand share" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand share" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand share" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand share" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand share" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand share" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand share" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand share" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l resume -d 'Go on with the interrupted runs instead of closing them'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s y -l yes -d 'Replace the history of a session that exists without asking'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l host -d 'The address to listen on; default: 127.0.0.1' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l port -d 'The port to listen on; 0: any that is free; default: 3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l dialects -d 'The APIs to serve, separated by commas; default: all' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l token -d 'The token that opens every door; better: --token-file' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l token-file -d 'Read the token from this file' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l allow -d 'Allow calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l deny -d 'Deny calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l webui -d 'Serve the web interface in this folder instead of the console' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l tls-cert -d 'Serve TLS with this certificate (PEM)' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l tls-key -d 'The private key of the certificate (PEM)' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l drain -d 'How long runs may take to end when the server is told to; default: 30s' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l log-format -d 'The form of log lines: text or json; default: text' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l ready-fd -d 'Write a line to this file descriptor when the server is ready' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l no-auth -d 'Let everybody in who reaches the address, to do everything'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l allow-local-admin -d 'Let programs of this machine do everything without a token'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l exclusive -d 'Let only one run work at a time'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l print-routes -d 'Print every route with its API and who may use it, and exit'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -f -a "list" -d 'List the agents that there are, of the configuration and of the store'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -f -a "show" -d 'Show the definition of an agent as TOML, or with --format json all that is known of it'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -f -a "add" -d 'Check a definition and keep it in the store'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -f -a "remove" -d 'Remove an agent from the store'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -f -a "validate" -d 'Check definitions; exits 2 when one of them is wrong'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and not __fish_seen_subcommand_from list show add remove validate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l user -d 'Keep it beside your config file instead'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l project -d 'Keep it in .ombud/agents of the workspace instead'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l force -d 'Replace the definition of an agent of this name'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from validate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the agents that there are, of the configuration and of the store'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show the definition of an agent as TOML, or with --format json all that is known of it'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from help" -f -a "add" -d 'Check a definition and keep it in the store'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove an agent from the store'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from help" -f -a "validate" -d 'Check definitions; exits 2 when one of them is wrong'
complete -c ombud -n "__fish_ombud_using_subcommand agents; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -f -a "add" -d 'Make a key for programs, and print it'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -f -a "list" -d 'List the keys that there are, without their words'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -f -a "remove" -d 'Take a key away, with all tokens that it minted'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and not __fish_seen_subcommand_from add list remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l permission -d 'What it lets its holder do; default: sessions' -r -f -a "sessions\t'Make, use and read sessions, with their files; read agents'
agents\t'Make, change, validate, archive and read agents'
mint\t'Mint tokens for browsers, and revoke them'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l expires -d 'How long it counts, such as 12h, 90d or 52w; default: until it is removed' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l doors -d 'The APIs that it opens, by name, or `all`; default: octavus' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l admin -d 'Let its holder administer the server: run commands, choose folders, make keys'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "add" -d 'Make a key for programs, and print it'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the keys that there are, without their words'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take a key away, with all tokens that it minted'
complete -c ombud -n "__fish_ombud_using_subcommand keys; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "add" -d 'Make an account'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "list" -d 'List the accounts that there are'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "update" -d 'Change role or address of an account'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "passwd" -d 'Set a new password; all tokens of the user end'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "remove" -d 'Remove an account; its tokens end'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "token" -d 'Sign a token for an account and print it, for programs that cannot log in'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "rotate-key" -d 'Let a new key sign tokens from now on'
complete -c ombud -n "__fish_ombud_using_subcommand users; and not __fish_seen_subcommand_from add list update passwd remove token rotate-key help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l role -d 'What they may do' -r -f -a "admin\t'Everything'
developer\t'Use everything, and administer nothing'
viewer\t'Read everything, and change nothing'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l email -d 'Their address' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l password-stdin -d 'Read the password from standard input, a line or all of it'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l role -d 'What they may do' -r -f -a "admin\t'Everything'
developer\t'Use everything, and administer nothing'
viewer\t'Read everything, and change nothing'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l email -d 'Their address; empty = none' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l password-stdin -d 'Read the password from standard input, a line or all of it'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from passwd" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l ttl -d 'Seconds that it counts, at most a year; default: 3600' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l end-all -d 'End all tokens of all users now'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from rotate-key" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "add" -d 'Make an account'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the accounts that there are'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "update" -d 'Change role or address of an account'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "passwd" -d 'Set a new password; all tokens of the user end'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove an account; its tokens end'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "token" -d 'Sign a token for an account and print it, for programs that cannot log in'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "rotate-key" -d 'Let a new key sign tokens from now on'
complete -c ombud -n "__fish_ombud_using_subcommand users; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "list" -d 'List the tool servers that there are, of the configuration and of the store'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "add" -d 'Add a tool server to the store'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "remove" -d 'Remove a tool server from the store, with its secrets and the folder that it worked in'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "test" -d 'Start a tool server, show the tools that it offers, and stop it again'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "start" -d 'Start a tool server in a server, now and whenever that starts'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "stop" -d 'Stop a tool server in a server'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "restart" -d 'Stop a tool server in a server, and start it again'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "logs" -d 'Show the newest lines that a tool server wrote in a server, and what was done with it'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "serve" -d 'Let MCP clients ask your agents and read your sessions'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and not __fish_seen_subcommand_from list add remove test start stop restart logs serve help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l url -d 'The address of one that is spoken to over streamable HTTP' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l env -d 'A variable that the program gets; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l header -d 'A header of every request; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l only-named -d 'Offer its tools only to agents that name it'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l limit -d 'Most lines' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l http -d 'Serve over HTTP at this address instead of standard input and output' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l token-file -d 'Read the token that opens it over HTTP from this file' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l allow -d 'Allow calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l deny -d 'Deny calls of a tool; can be given several times' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l no-auth -d 'Let everybody in who reaches the address, to do everything'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l allow-local-admin -d 'Let programs of this machine do everything over HTTP without a token'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the tool servers that there are, of the configuration and of the store'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add a tool server to the store'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a tool server from the store, with its secrets and the folder that it worked in'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "test" -d 'Start a tool server, show the tools that it offers, and stop it again'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start a tool server in a server, now and whenever that starts'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop a tool server in a server'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "restart" -d 'Stop a tool server in a server, and start it again'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "logs" -d 'Show the newest lines that a tool server wrote in a server, and what was done with it'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Let MCP clients ask your agents and read your sessions'
complete -c ombud -n "__fish_ombud_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s y -l yes -d 'Do not ask'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l remove -d 'Trust the workspace no longer'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l list -d 'List the folders that are trusted'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "show" -d 'Show every setting with its value and its source'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "path" -d 'Show where files are read from'
complete -c ombud -n "__fish_ombud_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show every setting with its value and its source'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Show where files are read from'
complete -c ombud -n "__fish_ombud_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l config -d 'Read this config file instead of the user\'s' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l store -d 'Keep sessions here: memory:, file:DIR or sqlite:PATH' -r
complete -c ombud -n "__fish_ombud_using_subcommand completions" -s C -l workspace -d 'Work in this folder; default: the current one' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand completions" -s a -l agent -d 'The agent; default: `default`' -r
complete -c ombud -n "__fish_ombud_using_subcommand completions" -s m -l model -d 'The model, such as openai/gpt-5-mini or offline/rules' -r
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l server -d 'Ask the `ombud serve` at this address instead of working here, such as http://127.0.0.1:3000' -r
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l server-token-file -d 'The file that holds the token of the server, instead of OMBUD_SERVER_TOKEN' -r -F
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l format -d 'The form of the output; default: text' -r -f -a "text\t'For people'
json\t'One JSON object'
jsonl\t'One JSON object a line, while it happens'
tarko\t'As jsonl, with the events of Tarko\'s API'"
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l color -d 'When to use colours; default: auto' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l no-input -d 'Ask nothing, also on a terminal'
complete -c ombud -n "__fish_ombud_using_subcommand completions" -l bare -d 'Ignore the config files of user and project'
complete -c ombud -n "__fish_ombud_using_subcommand completions" -s v -l verbose -d 'Tell more on stderr; twice for even more'
complete -c ombud -n "__fish_ombud_using_subcommand completions" -s q -l quiet -d 'Tell nothing but errors on stderr'
complete -c ombud -n "__fish_ombud_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "run" -d 'Talk with an agent'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "oneshot" -d 'Ask once, print the answer, exit'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "sessions" -d 'List, show, follow, change and delete sessions'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "share" -d 'Make one page of a session that others can replay'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "restore" -d 'Bring sessions in order whose process died'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "serve" -d 'Open the house over HTTP'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "agents" -d 'List, show, add, remove and check agents'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "keys" -d 'Make, list and remove keys, which open a server for programs'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "users" -d 'Make, list, change and remove accounts of people'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "mcp" -d 'List, add, test and remove tool servers (MCP), and offer your agents as one'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "trust" -d 'Let the config of a workspace count in full'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "config" -d 'Show settings and where they come from'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c ombud -n "__fish_ombud_using_subcommand help; and not __fish_seen_subcommand_from run oneshot sessions share restore serve agents keys users mcp trust config completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "list" -d 'List sessions, the newest first'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "show" -d 'Show a session and its last messages'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "events" -d 'Print the log of a session, one JSON object a line'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "tail" -d 'Follow what happens in a session until Ctrl-C'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "update" -d 'Change a session\'s name, tags or model'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "cancel" -d 'Cancel what runs in a session, also in another process'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from sessions" -f -a "delete" -d 'Delete sessions with all that they hold'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from agents" -f -a "list" -d 'List the agents that there are, of the configuration and of the store'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from agents" -f -a "show" -d 'Show the definition of an agent as TOML, or with --format json all that is known of it'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from agents" -f -a "add" -d 'Check a definition and keep it in the store'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from agents" -f -a "remove" -d 'Remove an agent from the store'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from agents" -f -a "validate" -d 'Check definitions; exits 2 when one of them is wrong'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "add" -d 'Make a key for programs, and print it'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "list" -d 'List the keys that there are, without their words'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from keys" -f -a "remove" -d 'Take a key away, with all tokens that it minted'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "add" -d 'Make an account'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "list" -d 'List the accounts that there are'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "update" -d 'Change role or address of an account'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "passwd" -d 'Set a new password; all tokens of the user end'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "remove" -d 'Remove an account; its tokens end'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "token" -d 'Sign a token for an account and print it, for programs that cannot log in'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from users" -f -a "rotate-key" -d 'Let a new key sign tokens from now on'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "list" -d 'List the tool servers that there are, of the configuration and of the store'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "add" -d 'Add a tool server to the store'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "remove" -d 'Remove a tool server from the store, with its secrets and the folder that it worked in'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "test" -d 'Start a tool server, show the tools that it offers, and stop it again'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "start" -d 'Start a tool server in a server, now and whenever that starts'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "stop" -d 'Stop a tool server in a server'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "restart" -d 'Stop a tool server in a server, and start it again'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "logs" -d 'Show the newest lines that a tool server wrote in a server, and what was done with it'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "serve" -d 'Let MCP clients ask your agents and read your sessions'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Show every setting with its value and its source'
complete -c ombud -n "__fish_ombud_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Show where files are read from'
