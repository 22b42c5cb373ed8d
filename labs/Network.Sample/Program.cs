using Network.Sample;

return args switch
{
    ["dial", .. var rest] => await DialCommand.RunAsync(rest),
    ["netexec", .. var rest] => await ServeCommand.RunAsync(rest),
    ["--help" or "-h" or "help", ..] => Usage.Print(),
    _ => await ServeCommand.RunAsync(args),
};
