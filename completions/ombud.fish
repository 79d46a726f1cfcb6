complete --keep-order --exclusive --command ombud --arguments "(OMBUD_COMPLETE=fish ombud -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
