module example.org/zoo

go 1.19

require example.net/telemetry v0.3.1

// Stands for a library of others, so that it must be told apart from the program.
replace example.net/telemetry => ./third-party-leak/telemetry
