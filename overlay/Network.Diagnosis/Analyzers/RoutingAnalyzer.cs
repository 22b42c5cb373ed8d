using Network.Diagnosis.Facts;
using Network.Diagnosis.Findings;

namespace Network.Diagnosis.Analyzers;

/// <summary>BGP sessions between routers: one that is down narrows the way, the last one that is down ends it.</summary>
internal sealed class RoutingAnalyzer : IAnalyzer
{
    public IEnumerable<Finding> Look(ClusterView view)
    {
        foreach (var router in view.Sessions.GroupBy(session => session.Router))
        {
            if (router.All(session => !session.IsUp))
                yield return CutOff(view, router.Key, router.ToList());
            else
            {
                foreach (var session in router.Where(session => !session.IsUp))
                    yield return Down(view, session);
            }
        }
    }

    private static Finding CutOff(ClusterView view, string router, List<SessionFacts> sessions) => new(Kinds.RouterCutOff, router, string.Join(", ", sessions.Select(session => session.Name)),
        sessions[0].State is null
            ? $"the routing daemon of {router} cannot be asked: it learns no routes and tells nobody its own"
            : $"no BGP session of {router} is up ({string.Join(", ", sessions.Select(session => $"{session.Peer}: {session.State}"))}): nobody knows the way to what is behind it",
        sessions[0].State is null ? "podnet up starts what is missing" : "birdc enable SESSION; or the link, the address or the autonomous system of the neighbour")
    {
        NeedsOneOf = [router, .. Behind(view, router)], Look = $"birdc show protocols, at {router}",
    };

    private static Finding Down(ClusterView view, SessionFacts session) => new(Kinds.SessionDown, session.Router, session.Name,
        $"the BGP session of {session.Router} with {session.Peer} by {session.Device} is {session.State}: the way by {session.Peer} is not used", "birdc enable SESSION; or the link, the address or the autonomous system of the neighbour")
    {
        NeedsOneOf = [session.Router, session.Peer, .. Behind(view, session.Router)], Look = $"birdc show protocols {session.Name}, at {session.Router}",
    };

    // Nodes that send to others by way of it.
    private static IEnumerable<string> Behind(ClusterView view, string router) => view.MachineOf(router) is not { } machine ? [] : view.Nodes
        .Where(node => view.MachineOf(node.Name)?.Routes.Any(route => route.Gateway is { } gateway && machine.Has(gateway)) == true).Select(node => node.Name);
}
