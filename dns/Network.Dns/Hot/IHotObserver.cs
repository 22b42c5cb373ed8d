namespace Network.Dns.Hot;

/// <summary>A plugin that wants to see what was answered at once.</summary>
internal interface IHotObserver
{
    void Answered(in HotQuery query);
}
