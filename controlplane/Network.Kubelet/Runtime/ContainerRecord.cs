using System.Text.Json;
using System.Text.Json.Nodes;

namespace Network.Kubelet.Runtime;

internal enum ContainerPhase
{
    Created,
    Running,
    Exited,
}

/// <summary>What the kubelet must know about a container after its own restart; one small file each.</summary>
internal sealed record ContainerRecord(string Id, ContainerIdentity Identity)
{
    internal ContainerPhase Phase { get; init; }
    internal string Image { get; init; } = "";
    internal string ImageId { get; init; } = "";
    internal int Pid { get; init; }
    /// <summary>Start time of the pid in clock ticks, so that a reused pid is not taken for the container.</summary>
    internal long PidStart { get; init; }
    internal DateTimeOffset CreatedAt { get; init; }
    internal DateTimeOffset? StartedAt { get; init; }
    internal DateTimeOffset? FinishedAt { get; init; }
    internal int ExitCode { get; init; }
    internal int Signal { get; init; }
    internal string Reason { get; init; } = "";
    internal string Message { get; init; } = "";
    internal string LogPath { get; init; } = "";
    internal string CgroupPath { get; init; } = "";
    internal string StopSignal { get; init; } = "";
    internal string? TerminationLog { get; init; }
    internal bool Tty { get; init; }
    internal bool Stdin { get; init; }
    internal bool StdinOnce { get; init; }
    internal string SpecHash { get; init; } = "";

    internal string ToJson() => new JsonObject
    {
        ["id"] = Id,
        ["namespace"] = Identity.PodNamespace,
        ["pod"] = Identity.PodName,
        ["uid"] = Identity.PodUid,
        ["container"] = Identity.Name,
        ["attempt"] = Identity.Attempt,
        ["phase"] = Phase.ToString(),
        ["image"] = Image,
        ["imageId"] = ImageId,
        ["pid"] = Pid,
        ["pidStart"] = PidStart,
        ["createdAt"] = CreatedAt,
        ["startedAt"] = StartedAt,
        ["finishedAt"] = FinishedAt,
        ["exitCode"] = ExitCode,
        ["signal"] = Signal,
        ["reason"] = Reason,
        ["message"] = Message,
        ["logPath"] = LogPath,
        ["cgroupPath"] = CgroupPath,
        ["stopSignal"] = StopSignal,
        ["terminationLog"] = TerminationLog,
        ["tty"] = Tty,
        ["stdin"] = Stdin,
        ["stdinOnce"] = StdinOnce,
        ["specHash"] = SpecHash,
    }.ToJsonString();

    /// <returns>Null when the text is no record; a half-written file must not keep the kubelet from starting.</returns>
    internal static ContainerRecord? TryParse(string json)
    {
        try
        {
            var node = JsonNode.Parse(json)!;
            var identity = new ContainerIdentity((string)node["namespace"]!, (string)node["pod"]!, (string)node["uid"]!,
                (string)node["container"]!, (int)node["attempt"]!);
            return new ContainerRecord((string)node["id"]!, identity)
            {
                Phase = Enum.Parse<ContainerPhase>((string)node["phase"]!),
                Image = (string)node["image"]!,
                ImageId = (string)node["imageId"]!,
                Pid = (int)node["pid"]!,
                PidStart = (long)node["pidStart"]!,
                CreatedAt = (DateTimeOffset)node["createdAt"]!,
                StartedAt = (DateTimeOffset?)node["startedAt"],
                FinishedAt = (DateTimeOffset?)node["finishedAt"],
                ExitCode = (int)node["exitCode"]!,
                Signal = (int)node["signal"]!,
                Reason = (string)node["reason"]!,
                Message = (string)node["message"]!,
                LogPath = (string)node["logPath"]!,
                CgroupPath = (string)node["cgroupPath"]!,
                StopSignal = (string)node["stopSignal"]!,
                TerminationLog = (string?)node["terminationLog"],
                Tty = (bool)node["tty"]!,
                Stdin = (bool)node["stdin"]!,
                StdinOnce = (bool)node["stdinOnce"]!,
                SpecHash = (string)node["specHash"]!,
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException or ArgumentException or FormatException)
        {
            return null;
        }
    }
}
