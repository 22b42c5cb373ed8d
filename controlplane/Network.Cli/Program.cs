using System.CommandLine;
using Network.Cli;
using Network.Cli.Verbs;

// The verbs, in the order --help lists them. A new verb is one file and one line here.
var root = new RootCommand("podnet: a networking-first container network and service discovery stack")
{
    UpVerb.Create(),
    DownVerb.Create(),
    StatusVerb.Create(),
    CaptureVerb.Create(),
    LabVerb.Create(),
    ExplainVerb.Create(),
    CheckVerb.Create(),
    ReachVerb.Create(),
    DropsVerb.Create(),
    SvcVerb.Create(),
    ResolveVerb.Create(),
    ConformanceVerb.Create(),
    ImageVerb.Create(),
    KubeconfigVerb.Create(),
    StoreVerb.Create(),
    ServerVerbs.Server(),
    AgentVerbs.Agent(),
    ServerVerbs.ApiServer(),
    ServerVerbs.Scheduler(),
    ServerVerbs.Controllers(),
    AgentVerbs.Part("kubelet", "run pods on this node; alone with --manifests it needs no API server", "podnet kubelet --node n1 --manifests ./pods"),
    OverlayVerb.Create(),
    AgentVerbs.Part("proxy", "program this node's service rules", "podnet proxy --node w1 --kubeconfig ./kubeconfig"),
    DnsVerb.Create(),
};
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false }).GuardAsync();
