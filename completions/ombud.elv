
set edit:completion:arg-completer[ombud] = { |@words|
    var index = (count $words)
    set index = (- $index 1)

    put (env _CLAP_IFS="\n" _CLAP_COMPLETE_INDEX=(to-string $index) OMBUD_COMPLETE="elvish" ombud -- $@words) | to-lines
}

