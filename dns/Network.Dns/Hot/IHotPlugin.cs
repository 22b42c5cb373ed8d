namespace Network.Dns.Hot;

/// <summary>
/// A plugin that can answer plain queries at once: without waiting, without allocating, from any thread. What it leaves alone
/// (<see cref="HotOutcome.Slow"/>) comes to it again through the chain.
/// </summary>
internal interface IHotPlugin
{
    HotOutcome TryAnswer(ref HotQuery query);
}
