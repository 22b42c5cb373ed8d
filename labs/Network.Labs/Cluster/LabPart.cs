namespace Network.Labs.Cluster;

/// <summary>A process a cluster should have.</summary>
/// <param name="Component">server, agent, or one part of them: apiserver, kubelet, ...</param>
/// <param name="Running">Alive, and not stopped by a signal.</param>
/// <param name="Evidence">Its process id, or what became of it.</param>
public sealed record LabPart(string Component, string Machine, bool Running, string Evidence);
