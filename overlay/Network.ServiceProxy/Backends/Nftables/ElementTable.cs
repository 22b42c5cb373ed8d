using Network.Netlink.Netfilter;

namespace Network.ServiceProxy.Backends.Nftables;

/// <summary>
/// What is wanted in one set and what is in the kernel. Several service ports may want the same key: where they disagree the
/// first by name has it, and the next one gets it when the first goes.
/// </summary>
internal sealed class ElementTable(NftSet set)
{
    private readonly Dictionary<NftValue, Slot> _slots = [];
    private readonly HashSet<NftValue> _dirty = [];

    internal NftSet Set => set;

    /// <summary>Elements in the kernel, as far as we know.</summary>
    internal int Count { get; private set; }

    internal int Pending => _dirty.Count;

    internal void Claim(string owner, Wanted wanted)
    {
        if (!_slots.TryGetValue(wanted.Key, out var slot))
            _slots.Add(wanted.Key, slot = new Slot());
        slot.Claim(owner, new Content(wanted.Data, wanted.Comment, wanted.KeyEnd));
        Mark(wanted.Key, slot);
    }

    internal void Release(string owner, NftValue key)
    {
        if (!_slots.TryGetValue(key, out var slot))
            return;
        slot.Release(owner);
        Mark(key, slot);
    }

    /// <summary>What the kernel has under a key; null when it has nothing.</summary>
    internal NftValue? DataOf(NftValue key) => _slots.TryGetValue(key, out var slot) ? slot.Kernel?.Data : null;

    /// <summary>Owners whose content for a key is another's.</summary>
    internal IEnumerable<(NftValue Key, string Loser, string Winner)> Conflicts() =>
        _slots.Where(pair => pair.Value.Claims.Count > 1).SelectMany(pair => pair.Value.Claims.Skip(1)
            .Where(claim => claim.Content.Data != pair.Value.Claims[0].Content.Data)
            .Select(claim => (pair.Key, claim.Owner, pair.Value.Claims[0].Owner)));

    /// <summary>The changes that make the kernel's set what is wanted.</summary>
    internal void Write(NftBatch batch)
    {
        batch.ElementsDelete(set, _dirty.Select(key => (key, slot: _slots[key])).Where(pair => pair.slot.Kernel is not null).Select(pair => Element(pair.key, pair.slot.Kernel!.Value)));
        batch.ElementsAdd(set, _dirty.Select(key => (key, slot: _slots[key])).Where(pair => pair.slot.Wanted is not null).Select(pair => Element(pair.key, pair.slot.Wanted!.Value)));
    }

    /// <summary>The changes written are in the kernel.</summary>
    internal void Commit()
    {
        foreach (var key in _dirty)
        {
            var slot = _slots[key];
            Count += (slot.Wanted is null ? 0 : 1) - (slot.Kernel is null ? 0 : 1);
            slot.Kernel = slot.Wanted;
            if (slot.Wanted is null)
                _slots.Remove(key);
        }

        _dirty.Clear();
    }

    /// <summary>The kernel's set holds these and nothing else.</summary>
    internal void Adopt(IEnumerable<NftElement> elements)
    {
        foreach (var slot in _slots.Values)
            slot.Kernel = null;
        Count = 0;
        foreach (var element in elements)
        {
            if (!_slots.TryGetValue(element.Key, out var slot))
                _slots.Add(element.Key, slot = new Slot());
            slot.Kernel = new Content(element.Data, element.Comment, element.KeyEnd);
            Count++;
        }

        _dirty.Clear();
        foreach (var (key, slot) in _slots)
            Mark(key, slot);
    }

    private void Mark(NftValue key, Slot slot)
    {
        if (slot.Wanted != slot.Kernel)
            _dirty.Add(key);
        else if (_dirty.Remove(key) && slot.Wanted is null)
            _slots.Remove(key);
        else if (slot.Wanted is null)
            _slots.Remove(key);
    }

    private static NftElement Element(NftValue key, Content content) => new(key) { Data = content.Data, Comment = content.Comment, KeyEnd = content.KeyEnd };

    private readonly record struct Content(NftValue Data, string? Comment, NftValue KeyEnd);

    private sealed class Slot
    {
        internal List<(string Owner, Content Content)> Claims { get; } = new(1);

        internal Content? Wanted => Claims.Count == 0 ? null : Claims[0].Content;

        internal Content? Kernel { get; set; }

        internal void Claim(string owner, Content content)
        {
            Release(owner);
            var at = 0;
            while (at < Claims.Count && string.CompareOrdinal(Claims[at].Owner, owner) < 0)
                at++;
            Claims.Insert(at, (owner, content));
        }

        internal void Release(string owner)
        {
            for (var i = 0; i < Claims.Count; i++)
            {
                if (Claims[i].Owner == owner)
                {
                    Claims.RemoveAt(i);
                    return;
                }
            }
        }
    }
}
